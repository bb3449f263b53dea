import Doing
import Taping
import Testing
import Wiring

/// Bytes that are easily told from others of the same length.
private func bytes(_ count: Int, _ random: inout SplitMix64) -> [UInt8] {
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: count)
    for _ in 0..<min(count, 16) {
        bytes[Int(random.next() % UInt64(count))] = UInt8(truncatingIfNeeded: random.next())
    }
    return bytes
}

/// The records of a file, however it is cut into chunks.
private func records(_ file: [UInt8]) -> [UInt8] {
    var (records, at): ([UInt8], Int) = ([], firstChunk(file))
    while at < file.count {
        let length = Int(number(file[(at + 8)..<(at + 16)]))
        records += file[(at + 24)..<(at + 24 + length)]
        at += 24 + length
    }
    return records
}

/// Gives what chance says, and remembers what it was given.
private final class WildWire: DatagramTransport {
    let limits = TrainLimits(segments: 64, bytes: 60_000, datagram: 60_000)
    let readiness = Readiness.polled
    var statistics = TransportStatistics()
    var random: SplitMix64
    private(set) var sent: [[UInt8]] = []

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    func open(for doer: Doer?) throws(TransportError) {}
    func close() {}
    func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        let longest: UInt64 = [1, 9, 60_000][Int(random.next() % 3)]
        guard random.next() % 4 > 0 else { return nil }
        let train = bytes(Int(random.next() % longest), &random)
        out.append(contentsOf: train.span.bytes)
        return Train(peer: .unix(random.next() % 3), segment: max(1, train.count / 3))
    }
    func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        sent.append(bytes.withUnsafeBytes { Array($0) })
        return random.next() % 5 > 0 ? Sending(taken: bytes.byteCount) : Sending(taken: 0, .full)
    }
}

/// What a core may do while a train is lent to it, though few would: take input, and run another peer.
private struct WildCore: DatagramCore {
    var random: SplitMix64
    let inlet: Inlet
    var inner: ((Tyme) -> Void)?
    /// Trains whose bytes changed under it, or that are not what it wrote.
    var mistakes = 0
    var heard = 0

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        heard += 1
        let before = bytes.withUnsafeBytes { Array($0) }
        disturb(tyme)
        if bytes.withUnsafeBytes({ Array($0) }) != before { mistakes += 1 }
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        guard random.next() % 3 > 0 else { return nil }
        let half = bytes(Int(random.next() % 30_000), &random)
        out.append(contentsOf: half.span.bytes)
        disturb(tyme)
        out.append(contentsOf: half.span.bytes)
        if out.bytes.withUnsafeBytes({ Array($0) }) != half + half { mistakes += 1 }
        return Train(peer: .unix(1), segment: max(1, half.count))
    }
    private mutating func disturb(_ tyme: Tyme) {
        if random.next() % 4 == 0 {
            let input = bytes(Int(random.next() % [10, 300_000, 2_500_000][Int(random.next() % 3)]), &random)
            _ = inlet.take { input }
        }
        if random.next() % 4 == 0 { inner?(tyme) }
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {}
    mutating func unblock() {}
    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
    var isBlocked: Bool { false }
}

/// One run of such a core: what was recorded and sent, and whether a byte was ever another one.
private struct WildRun {
    let file = File()
    var sent: [[UInt8]]
    var mistakes: Int
    var heard: Int

    init(seed: UInt64, partLength: Int, _ outputs: Recorder.Outputs) throws {
        let recorder = file.recorder(
            RecordingHeader(program: "wild", arguments: [], seed: seed), outputs, partLength: partLength)
        let wires = (WildWire(seed: seed), WildWire(seed: ~seed))
        let burst = Burst()
        var (near, far) = (Recorded(wires.0, recorder, name: "near"), Recorded(wires.1, recorder, name: "far"))
        var core = WildCore(random: SplitMix64(seed: seed &+ 1), inlet: Inlet(recorder, name: "one"))
        var other = WildCore(random: SplitMix64(seed: seed &+ 2), inlet: Inlet(recorder, name: "two"))
        let otherBurst = Burst()
        let few = DatagramBudget(datagrams: 4, trains: 2)
        let inner = Boxed { (tyme: Tyme) in _ = try? other.service(tyme, over: &far, by: otherBurst, budget: few) }
        core.inner = { inner.body($0) }
        for tick in 0..<8 {
            try core.service(Double(tick), over: &near, by: burst, budget: DatagramBudget(datagrams: 20, trains: 6))
        }
        try recorder.finish()
        sent = wires.0.sent + wires.1.sent
        mistakes = core.mistakes + other.mistakes
        heard = core.heard + other.heard
    }
}

private final class Boxed {
    let body: (Tyme) -> Void
    init(_ body: @escaping (Tyme) -> Void) { self.body = body }
}

@Suite struct InPlaceTests {
    @Test(
        "where a train stands makes no difference to what is recorded, received or sent, whatever comes in between",
        arguments: [Recorder.Outputs.bytes, .sums])
    func same(_ outputs: Recorder.Outputs) throws {
        var heard = 0
        for seed in UInt64(1)...25 {
            // Parts of 200,000 bytes have no room to lend: everything is copied.
            let copied = try WildRun(seed: seed, partLength: 200_000, outputs)
            let placed = try WildRun(seed: seed, partLength: 1 << 20, outputs)
            // Megabytes: whether they are the same, and not what they are.
            let isSame = (
                records: records(placed.file.bytes) == records(copied.file.bytes), sent: placed.sent == copied.sent
            )
            #expect(isSame == (true, true), "seed \(seed)")
            #expect((placed.mistakes, copied.mistakes) == (0, 0), "seed \(seed)")
            #expect(throws: Never.self) { try Recording(placed.file.bytes) }
            heard += placed.heard
        }
        #expect(heard > 200)
    }

    @Test("a received train is handed on in the memory that it was received into, and so is one that is sent")
    func place() throws {
        var parts: [ClosedRange<UInt>] = []
        let recorder = Recorder(RecordingHeader(program: "place", arguments: [], seed: 1)) { part in
            part.withUnsafeBytes { part in
                let start = UInt(bitPattern: part.baseAddress)
                parts.append(start...start + UInt(part.count))
            }
        }
        var seen: [UInt] = []
        var wire = Recorded(WildWire(seed: 3), recorder)
        for direction in TapDirection.allCases {
            let burst = try #require(wire.roomLender?.burst(of: 60_000, for: direction))
            try burst.lend { (out: inout OutputRawSpan) throws(TransportError) in
                seen.append(out.withUnsafeMutableBytes { room, _ in UInt(bitPattern: room.baseAddress) })
                switch direction {
                case .rx: while try wire.receive(into: &out, at: 0) == nil {}
                case .tx:
                    out.append(contentsOf: [1, 2, 3].span.bytes)
                    _ = try wire.send(out.bytes, Train(peer: .unix(1), segment: 3), at: 0)
                }
            }
        }
        try recorder.finish()
        let part = try #require(parts.last)
        #expect(seen.count == 2 && seen.allSatisfy { part.contains($0) })
    }

    @Test("no room is lent twice at a time, none that is too large, and of sums none to send from")
    func refused() {
        let header = RecordingHeader(program: "refused", arguments: [], seed: 1)
        let wire = Recorded(WildWire(seed: 1), Recorder(header) { _ in })
        #expect(wire.roomLender?.burst(of: 65_537, for: .rx) == nil)
        #expect(
            wire.roomLender?.burst(of: 65_536, for: .rx)?.lend { _ in wire.roomLender?.burst(of: 1, for: .tx) == nil }
                == true)
        #expect(wire.roomLender?.burst(of: 65_536, for: .tx) != nil)
        let sums = Recorded(WildWire(seed: 1), Recorder(header, outputs: .sums) { _ in })
        #expect(sums.roomLender?.burst(of: 1, for: .tx) == nil)
        #expect(sums.roomLender?.burst(of: 1, for: .rx) != nil)
        let off = Recorded(WildWire(seed: 1), nil)
        #expect(off.roomLender?.burst(of: 1, for: .rx) == nil)
    }

    @Test("a sink that throws in the middle of a run leaves every train whole, and lends no more")
    func failing() throws {
        struct Full: Error {}
        var handed = 0
        let recorder = Recorder(RecordingHeader(program: "full", arguments: [], seed: 1)) { part in
            handed += part.byteCount
            if handed > 2_000_000 { throw Full() }
        }
        var wire = Recorded(WildWire(seed: 5), recorder)
        var core = WildCore(random: SplitMix64(seed: 6), inlet: Inlet(recorder, name: "one"))
        let burst = Burst()
        for tick in 0..<200 { try core.service(Double(tick), over: &wire, by: burst) }
        #expect(recorder.isFinished)
        #expect(core.mistakes == 0)
        #expect(core.heard > 200)
        #expect(wire.roomLender?.burst(of: 1, for: .rx) == nil)
        #expect(throws: Full.self) { try recorder.finish() }
    }

    @Test("room that was lent stays when its recorder has gone")
    func gone() throws {
        var burst: Burst?
        do {
            let recorder = Recorder(RecordingHeader(program: "gone", arguments: [], seed: 1)) { _ in }
            burst = Recorded(WildWire(seed: 1), recorder).roomLender?.burst(of: 65_536, for: .rx)
        }
        let kept = try #require(burst)
        let count = kept.lend { out in
            out.append(contentsOf: [UInt8](repeating: 7, count: 65_536).span.bytes)
            return out.bytes.withUnsafeBytes { $0.count { $0 == 7 } }
        }
        #expect(count == 65_536)
    }

    @Test("what a stream reads is recorded where it stands, and a read that finds nothing leaves no trace of it")
    func streams() throws {
        let script: [ScriptedStream.Arrival] = [.bytes([1, 2, 3]), .nothing, .bytes([4, 5]), .end]
        func record(partLength: Int) throws -> [UInt8] {
            let file = File()
            let recorder = file.recorder(
                RecordingHeader(program: "streams", arguments: [], seed: 1), partLength: partLength)
            let stream = RecordedStream(ScriptedStream(script), recorder)
            #expect((stream.roomLender?.burst(of: 65_536, for: .rx) != nil) == (partLength > 200_000))
            let doist = Doist([StreamDoer(ByteEcho(), over: stream)])
            recorder.watch(doist)
            try doist.run(limit: 1)
            try recorder.finish()
            return file.bytes
        }
        let isSame = try records(record(partLength: 1 << 20)) == records(record(partLength: 200_000))
        #expect(isSame)
    }
}
