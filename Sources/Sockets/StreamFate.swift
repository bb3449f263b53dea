import CSockets
import Wiring

/// What an error number of a stream's read or write means.
enum StreamFate: Hashable {
    /// Nothing is there, or there is no room.
    case nothing
    /// The system has no memory for it: no edge tells when it has again.
    case starved
    /// A signal came in between: once more.
    case again
    /// The connection is over: the other end, or the way to it, has gone.
    case lost
    /// The descriptor is no longer our socket, or the call itself is wrong.
    case broken

    init(_ code: Int32) {
        switch code {
        case EAGAIN: self = .nothing
        case ENOBUFS, ENOMEM: self = .starved
        case EINTR: self = .again
        case EBADF, ENOTSOCK, EINVAL, EFAULT: self = .broken
        default: self = .lost
        }
    }
}

/// What an error number of an accept means.
enum AcceptFate: Hashable {
    /// No connection waits.
    case nothing
    /// A signal came in between: once more.
    case again
    /// This connection has gone, or its network is in trouble; the next may be well (accept(2), "Error handling").
    case passing
    /// No descriptor or memory is left: later.
    case exhausted
    /// The listener is no longer one.
    case broken

    init(_ code: Int32) {
        switch code {
        case EAGAIN: self = .nothing
        case EINTR: self = .again
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: self = .exhausted
        case EBADF, ENOTSOCK, EINVAL, EFAULT, EOPNOTSUPP: self = .broken
        default: self = .passing
        }
    }
}

extension StreamLoss {
    /// What an error number tells.
    init(code: Int32) {
        switch code {
        case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN, ESHUTDOWN: self.init(.reset, code: code)
        case ETIMEDOUT: self.init(.timedOut, code: code)
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN: self.init(.unreachable, code: code)
        default: self.init(.other, code: code)
        }
    }
}
