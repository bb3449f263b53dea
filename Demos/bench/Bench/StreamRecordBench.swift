import CBench
import DemoKit
import Doing
import Sockets
import Taping
import Wiring

/// Sends equal bytes, so many a pass, and counts what comes.
private struct StreamCounter: StreamCore {
    let payload: [UInt8]
    /// Bytes that may still be sent.
    var allowance = 0
    private(set) var received = 0

    init(size: Int) { payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 131) } }

    mutating func handle(_ bytes: RawSpan, at tyme: Tyme) { received += bytes.byteCount }
    mutating func ended(at tyme: Tyme) {}
    var wantsInput: Bool { true }
    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(payload.span.bytes.extracting(first: allowance))
    }
    mutating func sent(_ count: Int, at tyme: Tyme) { allowance -= count }
    var closing: StreamClosing { .open }
    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
}

/// A TCP connection to ourselves under one doist that is stepped by hand.
private final class StreamBed<Listener: StreamListener> {
    let doist: Doist
    private let sender, receiver: StreamDoer<StreamCounter, Listener.Stream>

    /// The listener is asked until it has the connection, and no more: in real time it costs nothing then.
    init(_ listener: Listener, size: Int, _ call: Listener.Stream, _ watch: (Doist) -> Void = { _ in }) throws {
        let burst = Burst()
        var listener = listener
        sender = StreamDoer(StreamCounter(size: size), over: call, burst: burst)
        doist = Doist([sender])
        watch(doist)
        try doist.enter()
        var taken: Listener.Stream?
        while taken == nil {
            try doist.recur()
            taken = try listener.accept(at: 0)
        }
        receiver = StreamDoer(StreamCounter(size: 0), over: taken!, burst: burst)
        try doist.extend([receiver])
    }

    /// As many bytes as the payload has, there; how many KiB.
    func pass() throws -> Int {
        let size = sender.core.payload.count
        let end = receiver.core.received + size
        sender.core.allowance = size
        while receiver.core.received < end { try doist.recur() }
        return max(1, size / 1024)
    }
}

/// Bytes over one TCP connection on loopback, both ends recorded and not: writes of 64 KiB, and of 1 KiB.
func recordStreams(rounds: Int, seconds: Double, _ kept: Int) throws -> [JSONLine] {
    try [1 << 10, 64 << 10].map { size in
        func listener() throws -> TCPListener {
            let listener = try TCPListener(host: "127.0.0.1", port: 0)
            try listener.open()
            return listener
        }
        func bed(_ recorder: Recorder?) throws -> StreamBed<RecordedListener<TCPListener>> {
            let listener = try listener()
            return try StreamBed(
                RecordedListener(listener, recorder), size: size,
                RecordedStream(try TCPStream(to: [listener.address]), recorder)
            ) { recorder?.watch($0) }
        }
        let plain = try listener()
        let absent = try StreamBed(plain, size: size, try TCPStream(to: [plain.address]))
        let recorders = [RecordRow.recorder(kept), RecordRow.recorder(kept, .sums)]
        let beds = try [bed(nil)] + recorders.map { try bed($0) }
        let rates = try RecordRow.rates(
            [{ try absent.pass() }] + beds.map { bed in { try bed.pass() } }, rounds, seconds)
        try absent.doist.exit()
        for bed in beds { try bed.doist.exit() }
        for recorder in recorders { try recorder.finish() }
        var line = JSONLine()
        line.add("row", "record-streams")
        line.add("kept_bytes", kept)
        line.add("size", size)
        RecordRow.add(["absent", "off", "on", "sums"], rates, to: &line)
        return line
    }
}
