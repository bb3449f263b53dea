import CSockets
import Doing
import Wiring

/// Connecting: addresses in order, one at a time, each for a bounded tyme, until one takes the connection.
struct ConnectAttempts<Calls: StreamCalls> {
    /// How far it is.
    enum Progress: Equatable {
        /// Somebody must be waited for: this descriptor becomes writable, or the deadline comes.
        case pending
        /// Connected, by this descriptor, which belongs to the caller now.
        case connected(Int32, Address)
    }

    let addresses: [Address]
    /// Seconds of tyme that one address may take.
    let timeout: Double
    /// Names the connection in errors.
    let subject: String
    /// Makes a socket what the options ask for, before it is connected; 0 or a negated error number.
    let prepare: (Int32, Address) -> Int32
    private var next = 0
    private(set) var descriptor: Int32 = -1
    /// When the address under way has had its time.
    private(set) var deadline = Tyme.infinity
    /// Why the addresses so far did not work, in their order.
    private(set) var failures: [TransportError] = []
    /// A Unix listener's queue is full: the same address again at `deadline`, as no descriptor tells of room.
    private(set) var isQueued = false
    /// The descriptor of the attempt before, which is closed only when the next one has its own: so the numbers differ,
    /// and whoever watches the old one sees that it has gone.
    private var stale: Int32 = -1
    private var isUnderWay: Bool { descriptor >= 0 }

    init(
        to addresses: [Address], timeout: Double, subject: String, prepare: @escaping (Int32, Address) -> Int32
    ) {
        self.addresses = addresses
        self.timeout = timeout
        self.subject = subject
        self.prepare = prepare
    }

    /// Goes on as far as it can without waiting.
    ///
    /// - Throws: why the last address did not work, when all have failed.
    mutating func advance(_ calls: inout Calls, at tyme: Tyme) throws(TransportError) -> Progress {
        while true {
            if isUnderWay, let progress = look(&calls, at: tyme) { return progress }
            if isUnderWay { continue }
            guard next < addresses.count else {
                closeStale(&calls)
                throw failures[failures.count - 1]
            }
            begin(&calls, at: tyme)
        }
    }

    /// Gives up and lets go of the descriptor under way.
    mutating func cancel(_ calls: inout Calls) {
        closeStale(&calls)
        stale = descriptor
        closeStale(&calls)
        descriptor = -1
        next = addresses.count
    }

    private mutating func closeStale(_ calls: inout Calls) {
        if stale >= 0 { calls.close(stale) }
        stale = -1
    }

    /// Begins with the next address. Nothing is under way afterwards if that failed at once.
    private mutating func begin(_ calls: inout Calls, at tyme: Tyme) {
        let address = addresses[next]
        let made = calls.socket(address.family)
        closeStale(&calls)
        guard made >= 0 else { return fail("socket", made, &calls) }
        descriptor = made
        let prepared = prepare(made, address)
        guard prepared >= 0 else { return fail("setsockopt", prepared, &calls) }
        deadline = tyme + timeout
        isQueued = false
        dial(&calls)
    }

    private mutating func dial(_ calls: inout Calls) {
        let result = calls.connect(descriptor, addresses[next])
        switch result {
        case 0, -EINPROGRESS, -EINTR, -EALREADY: isQueued = false  // EINTR: it goes on by itself (connect(2))
        case -EAGAIN where addresses[next].family == .unix: isQueued = true
        default: fail("connect", result, &calls)
        }
    }

    /// Nil if the attempt under way has failed, so that the next one may begin.
    private mutating func look(_ calls: inout Calls, at tyme: Tyme) -> Progress? {
        if isQueued { dial(&calls) }
        guard isUnderWay else { return nil }
        if !isQueued {
            let result = calls.connected(descriptor)
            if result < 0 {
                fail("connect", result, &calls)
                return nil
            }
            if result > 0 {
                defer { descriptor = -1 }
                return .connected(descriptor, addresses[next])
            }
        }
        guard tyme < deadline else {
            fail("connect", -ETIMEDOUT, &calls)
            return nil
        }
        return .pending
    }

    private mutating func fail(_ call: String, _ result: Int32, _ calls: inout Calls) {
        let place = UXDNames.path(of: addresses[next]) ?? "\(addresses[next])"
        let which = addresses.count > 1 ? " (address \(next + 1) of \(addresses.count))" : ""
        failures.append(.failed(call, result, "\(subject) to \(place)\(which)"))
        stale = descriptor
        descriptor = -1
        next += 1
    }
}
