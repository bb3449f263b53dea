import Doing
import Sockets
import Wiring

/// Echoes frames of an int32 length, big-endian: the protocol of the stream rows.
struct FrameEcho: StreamCore {
    /// Longest payload; a longer length resets the connection.
    static let limit = 4 << 20
    /// Bytes of echo that may wait until no more is read.
    static let waiting = 1 << 20

    /// Whole frames on their way back, from `first` on.
    private var output: [UInt8] = []
    private var first = 0
    /// The beginning of a frame.
    private var partial: [UInt8] = []
    private(set) var closing = StreamClosing.open

    mutating func handle(_ bytes: RawSpan, at tyme: Tyme) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            if !partial.isEmpty { rest = complete(rest) }
            guard partial.isEmpty else { return }
            var whole = rest.startIndex
            while let length = Self.length(UnsafeRawBufferPointer(rebasing: rest[whole...])) {
                guard length <= Self.limit else { return closing = .reset }
                guard rest.endIndex - whole >= 4 + length else { break }
                whole += 4 + length
            }
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<whole]))
            partial.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[whole...]))
        }
    }

    /// Adds to the frame that has begun; what is left of the bytes.
    private mutating func complete(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var bytes = bytes
        func take(_ count: Int) {
            partial.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes.prefix(max(0, count))))
            bytes = bytes.dropFirst(max(0, count))
        }
        take(4 - partial.count)
        guard let length = partial.withUnsafeBytes({ Self.length($0) }) else { return bytes }
        guard length <= Self.limit else {
            closing = .reset
            return bytes
        }
        take(4 + length - partial.count)
        if partial.count == 4 + length {
            output.append(contentsOf: partial)
            partial.removeAll(keepingCapacity: true)
        }
        return bytes
    }

    private static func length(_ head: UnsafeRawBufferPointer) -> Int? {
        guard head.count >= 4 else { return nil }
        return Int(UInt32(bigEndian: head.loadUnaligned(as: UInt32.self)))
    }

    mutating func ended(at tyme: Tyme) { if closing == .open { closing = .close } }

    var wantsInput: Bool { closing == .open && output.count - first < Self.waiting }

    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(output.span.bytes.extracting(first...))
    }

    mutating func sent(_ count: Int, at tyme: Tyme) {
        first += count
        guard first == output.count else { return }
        first = 0
        output.removeAll(keepingCapacity: true)
    }

    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
}

/// An echo server under a doist in real time.
struct EchoServer {
    private let listener: TCPListener

    /// Listens; the system chooses the port if it is 0.
    init(port: UInt16) throws {
        listener = try TCPListener(host: "127.0.0.1", port: port)
        try listener.open()
    }

    /// Where it listens.
    var port: Int { Int(listener.address.port) }

    /// Serves until a signal comes; a wait may look for `spin` seconds before it sleeps.
    func run(stopOn signals: RealPace.Signals = [], spin: Double = 0.0001) throws {
        let burst = Burst()
        let acceptor = StreamAcceptor(listener) { StreamDoer(FrameEcho(), over: $0, burst: burst) }
        try Doist(pace: RealPace(stopOn: signals, spin: spin), doers: [acceptor]).run()
    }
}
