import CSockets
import Doing
import Wiring

/// What TCP and Unix streams share: connecting, reading, writing, ending, and letting go.
struct StreamSocket {
    typealias Attempts = ConnectAttempts<SystemStreamCalls>

    let name: String
    let options: StreamOptions
    /// Where to connect to, in order; empty for a connection that a listener took.
    let wanted: [Address]
    /// The other end: known from the beginning of a taken connection, else once connected.
    private(set) var remote = Address.none
    private(set) var local = Address.none
    /// Why the addresses that were tried so far did not work.
    private(set) var failures: [TransportError] = []
    private(set) var hasShut = false
    private var engine = StreamEngine(SystemStreamCalls())
    private var attempts: Attempts?

    /// A stream that connects when it is opened.
    init(to addresses: [Address], name: String, options: StreamOptions) {
        wanted = addresses
        self.name = name
        self.options = options
    }

    /// A connection that a listener took.
    init(taken descriptor: Int32, from: Address, name: String, options: StreamOptions) {
        wanted = []
        self.name = name
        self.options = options
        engine.descriptor = descriptor
        learnNames(from)
    }

    var isConnected: Bool { engine.descriptor >= 0 }
    var isConnecting: Bool { attempts != nil }
    /// When connecting has to be looked at again even if nothing happens, or a read or write that found no memory.
    var wakeTyme: Tyme? {
        if engine.isStarved { return -.infinity }
        return attempts.map { $0.isQueued ? -.infinity : $0.deadline }
    }
    /// The descriptor to watch; while connecting, for writing.
    var descriptor: Int32? {
        if isConnected { return engine.descriptor }
        guard let attempts, attempts.descriptor >= 0, !attempts.isQueued else { return nil }
        return attempts.descriptor
    }
    /// What the owner is told to watch.
    var readiness: Readiness { descriptor.map { .descriptor($0) } ?? .polled }
    private var subject: String { "\(wanted.first?.family == .unix ? "Unix" : "TCP") stream \(name)" }

    private mutating func learnNames(_ remote: Address) {
        var words = csk_address()
        if unsafe csk_name(engine.descriptor, &words) >= 0 { local = Address(words) }
        self.remote = remote
    }

    /// Begins to connect; a taken connection is open already.
    mutating func open() throws(TransportError) {
        guard !isConnected, attempts == nil else { return }
        guard !wanted.isEmpty else { throw .notOpen(subject: subject) }
        (hasShut, failures) = (false, [])
        let options = options
        attempts = Attempts(to: wanted, timeout: options.connectTimeout, subject: subject) { made, address in
            options.apply(to: made, isTCP: address.family != .unix)
        }
    }

    /// Goes on connecting; true once connected.
    mutating func connect(at tyme: Tyme) throws(TransportError) -> Bool {
        if isConnected { return true }
        guard attempts != nil else { throw .notOpen(subject: subject) }
        defer { if let attempts { failures = attempts.failures } }
        do throws(TransportError) {
            switch try attempts!.advance(&engine.calls, at: tyme) {
            case .pending: return false
            case .connected(let descriptor, let address):
                failures = attempts?.failures ?? []
                attempts = nil
                engine.descriptor = descriptor
                learnNames(address)
                return true
            }
        } catch {
            failures = attempts?.failures ?? []
            attempts = nil
            throw error
        }
    }

    /// What a call of the engine threw, with the other end's name.
    func broken(_ broken: Broken) -> TransportError { .failed(broken.call, -broken.code, "\(subject) with \(place)") }

    /// The other end for people.
    var place: String { UXDNames.path(of: remote) ?? "\(remote)" }

    @inline(__always)
    mutating func read(into out: inout OutputRawSpan) throws(TransportError) -> StreamReading {
        guard isConnected else { throw .notOpen(subject: subject) }
        do throws(Broken) {
            return try unsafe out.withUnsafeMutableBytes { (room, filled) throws(Broken) in
                let reading = try unsafe engine.read(UnsafeMutableRawBufferPointer(rebasing: room[filled...]))
                if case .bytes(let count) = reading { filled += count }
                return reading
            }
        } catch {
            throw self.broken(error)
        }
    }

    @inline(__always)
    mutating func write(_ bytes: RawSpan) throws(TransportError) -> StreamWriting {
        guard isConnected else { throw .notOpen(subject: subject) }
        do throws(Broken) {
            return try unsafe bytes.withUnsafeBytes { (all) throws(Broken) in try unsafe engine.write(all) }
        } catch {
            throw self.broken(error)
        }
    }

    /// Ends the writing half: the other end reads what was written, then sees the end.
    mutating func shut() {
        guard isConnected, !hasShut else { return }
        hasShut = true
        _ = engine.calls.shut(engine.descriptor)  // ENOTCONN: it has gone, and the next read tells
    }

    /// Lets go. `resets` makes TCP throw away what was not sent and tell the other end so.
    mutating func close(resets: Bool = false) {
        attempts?.cancel(&engine.calls)
        attempts = nil
        guard isConnected else { return }
        if resets { _ = csk_stream_set(engine.descriptor, Int32(CSK_RESET_ON_CLOSE), 1) }
        engine.calls.close(engine.descriptor)
        engine.descriptor = -1
    }
}
