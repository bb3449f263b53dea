import CSockets
import Wiring

/// What an error number of a send means for the datagram: one table for UDP and for Unix datagrams.
enum SendFate: Hashable {
    /// A signal came in between: once more.
    case again
    /// The socket has no room, for anybody.
    case full
    /// The way to this peer, or this peer itself, has no room.
    case peerFull
    /// This datagram will never go there.
    case refused(Refusal.Reason)
    /// The descriptor is no longer our socket.
    case broken

    /// - Parameters:
    ///   - code: the error number.
    ///   - isLocal: a Unix-datagram socket, where lack of room is the receiver's.
    init(_ code: Int32, isLocal: Bool) {
        switch code {
        case EINTR: self = .again
        case EAGAIN: self = isLocal ? .peerFull : .full
        // No edge tells when a device's queue or the kernel's memory has room: these are tried again every tick.
        case ENOBUFS, ENOMEM: self = .peerFull
        case EBADF, ENOTSOCK: self = .broken
        case EMSGSIZE: self = .refused(.tooLarge)
        case EPERM, EACCES: self = .refused(.denied)
        case ECONNREFUSED, ECONNRESET, EPIPE, ENOENT, ENOTDIR, ELOOP, EPROTOTYPE, ENOTCONN, EHOSTUNREACH,
            EHOSTDOWN, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL:
            self = .refused(.unreachable)
        case EINVAL, EAFNOSUPPORT, EDESTADDRREQ, ENAMETOOLONG: self = .refused(.badAddress)
        default: self = .refused(.other)
        }
    }
}

/// What an error number of a receive means.
enum ReceiveFate: Hashable {
    /// Nothing is there.
    case nothing
    /// A signal came in between: once more.
    case again
    /// The system tells of an earlier datagram's fate, or of its own trouble: count it and go on.
    case passing
    /// The descriptor is no longer our socket, or the call itself is wrong.
    case broken

    init(_ code: Int32) {
        switch code {
        case EAGAIN: self = .nothing
        case EINTR: self = .again
        case EBADF, ENOTSOCK, EINVAL, EFAULT: self = .broken
        default: self = .passing
        }
    }
}

/// A socket that has stopped being one: which call said so, and why.
struct Broken: Error, Hashable {
    var call: String
    var code: Int32
}

/// The system's text for an error number.
func errorText(_ code: Int32) -> String {
    let text = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
        unsafe room.initialize(repeating: 0)
        unsafe csk_error_text(code, room.baseAddress!, room.count)
        return unsafe String(cString: room.baseAddress!)
    }
    return text
}

extension TransportError {
    /// A failed call, from its negated error number.
    static func failed(_ call: String, _ result: Int32, _ subject: String) -> TransportError {
        .system(call: call, code: -result, reason: errorText(-result), subject: subject)
    }
}
