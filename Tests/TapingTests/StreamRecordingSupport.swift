import Doing
import Foundation
import Sockets
import Taping
import Testing
import Wiring

/// Sends back what comes, with `salt` added to every byte; ends when the other end has.
struct ByteEcho: StreamCore {
    var salt: UInt8
    var output: [UInt8] = []
    var heard = 0
    var loss: StreamLoss?
    var closing = StreamClosing.open

    init(salt: UInt8 = 1, sending output: [UInt8] = []) { (self.salt, self.output) = (salt, output) }

    mutating func handle(_ bytes: RawSpan, at tyme: Tyme) {
        heard += bytes.byteCount
        output += (0..<bytes.byteCount).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) &+ salt }
    }
    mutating func ended(at tyme: Tyme) { closing = .close }
    mutating func lost(_ loss: StreamLoss, at tyme: Tyme) { self.loss = loss }
    var wantsInput: Bool { true }
    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try body(output.span.bytes) }
    mutating func sent(_ count: Int, at tyme: Tyme) { output.removeFirst(count) }
    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
}

/// A stream that reads and takes what its script says.
final class ScriptedStream: StreamTransport {
    enum Arrival { case bytes([UInt8]), nothing, end, lost(StreamLoss), broken }
    enum Taking { case all, some(Int), lost(StreamLoss) }
    private var arrivals: [Arrival]
    private var takings: [Taking]
    /// Looks until it is connected; nil if it never will be.
    private var patience: Int?
    private(set) var wrote: [UInt8] = []
    private(set) var calls: [String] = []
    var remote = Address.none
    var local: Address { .unix(9) }
    var isConnecting = false
    var readiness: Readiness { .polled }
    var wakeTyme: Tyme? { nil }
    static let broken = TransportError.system(call: "recv", code: 9, reason: "Bad file", subject: "it")

    init(_ arrivals: [Arrival], _ takings: [Taking] = [], after patience: Int? = 0) {
        self.arrivals = arrivals.reversed()
        self.takings = takings.reversed()
        self.patience = patience
    }

    func open(for doer: Doer?) throws(TransportError) { isConnecting = true }
    func connect(at tyme: Tyme) throws(TransportError) -> Bool {
        guard let patience else { throw Self.broken }
        self.patience = patience - 1
        guard patience <= 0 else { return false }
        (isConnecting, remote) = (false, .unix(7))
        return true
    }
    func read(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> StreamReading {
        switch arrivals.popLast() ?? .nothing {
        case .bytes(let bytes):
            out.append(contentsOf: bytes.span.bytes)
            return .bytes(bytes.count)
        case .nothing: return .nothing
        case .end: return .end
        case .lost(let loss): return .lost(loss)
        case .broken: throw Self.broken
        }
    }
    func write(_ bytes: RawSpan, at tyme: Tyme) throws(TransportError) -> StreamWriting {
        let count: Int
        switch takings.popLast() ?? .all {
        case .all: count = bytes.byteCount
        case .some(let most): count = min(most, bytes.byteCount)
        case .lost(let loss): return .lost(loss)
        }
        wrote += bytes.extracting(first: count).withUnsafeBytes { Array($0) }
        return .taken(count)
    }
    func finish() { calls.append("finish") }
    func close() { calls.append("close") }
    func reset() { calls.append("reset") }
    func describe(_ address: Address) -> String { "/peer/\(address.lo)" }
}

/// A listener that gives streams as its script says: nil where none waits.
final class ScriptedListener: StreamListener {
    private var streams: [ScriptedStream?]
    var readiness: Readiness { .polled }
    var wakeTyme: Tyme? { nil }
    var address: Address { .unix(1) }

    init(_ streams: [ScriptedStream?]) { self.streams = streams.reversed() }

    func open(for doer: Doer?) throws(TransportError) {}
    func accept(at tyme: Tyme) throws(TransportError) -> ScriptedStream? { streams.popLast() ?? nil }
    func close() {}
}

/// The other end of a connection that a test speaks itself.
struct Caller<Wire: StreamTransport> {
    private(set) var wire: Wire
    private let burst = Burst(capacity: 65_536)
    private(set) var heard: [UInt8] = []
    /// How the reading ended.
    private(set) var end: StreamReading?

    init(_ wire: Wire) throws {
        self.wire = wire
        try self.wire.open(for: nil)
        while try !self.wire.connect(at: 0) { usleep(200) }
    }

    mutating func say(_ bytes: [UInt8]) throws -> Int {
        guard case .taken(let count) = try wire.write(bytes.span.bytes, at: 0) else { return 0 }
        return count
    }

    /// Reads all that is there.
    mutating func hear() throws {
        while end == nil {
            let reading = try burst.lend { (out: inout OutputRawSpan) throws(TransportError) in
                let reading = try wire.read(into: &out, at: 0)
                out.bytes.withUnsafeBytes { heard += $0 }
                return reading
            }
            switch reading {
            case .bytes: continue
            case .nothing: return
            case .end, .lost: end = reading
            }
        }
    }

    mutating func finish() { wire.finish() }
    mutating func reset() { wire.reset() }
}
