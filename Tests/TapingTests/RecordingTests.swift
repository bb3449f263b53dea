import Doing
import Taping
import Testing
import Wiring

/// A transport that gives what its script says, and takes what it is told to take.
private final class ScriptedWire: DatagramTransport {
    var limits = TrainLimits(segments: 8, bytes: 60_000, datagram: 60_000)
    var readiness: Readiness { .polled }
    var statistics = TransportStatistics()
    var arrivals: [[UInt8]?]
    var outcomes: [Sending.Outcome]

    init(_ arrivals: [[UInt8]?], _ outcomes: [Sending.Outcome] = []) {
        self.arrivals = arrivals.reversed()
        self.outcomes = outcomes.reversed()
    }

    func open(for doer: Doer?) throws(TransportError) {}
    func close() {}
    func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        guard let next = arrivals.popLast(), let bytes = next else { return nil }
        out.append(contentsOf: bytes.span.bytes)
        return Train(peer: .unix(7), segment: max(1, bytes.count))
    }
    func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        let outcome = outcomes.popLast() ?? .sent
        return Sending(taken: outcome == .sent ? bytes.byteCount : 0, outcome)
    }
    func describe(_ address: Address) -> String { "/peer/\(address.lo)" }
}

/// Sends back what arrives, with `salt` added to every byte, and gives a datagram up that was refused.
private struct Echo: DatagramCore {
    var salt: UInt8
    var waiting: [[UInt8]] = []
    var heard = 0

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        heard += 1
        waiting.append((0..<bytes.byteCount).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) &+ salt })
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        guard let first = waiting.first else { return nil }
        out.append(contentsOf: first.span.bytes)
        return Train(peer: .unix(7), segment: first.count)
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        if case .full = sending.outcome { return }
        waiting.removeFirst()
    }
    mutating func unblock() {}
    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
    var isBlocked: Bool { false }
}

private let header = RecordingHeader(program: "echo", arguments: ["--salt", "1"], seed: 42)
private let refused = Sending.Outcome.refused(Refusal(.unreachable, code: 111))

private let few: [[UInt8]?] = [[1, 2, 3], nil, [4, 5], [6], nil, [7, 8]]

/// Six passes of an echo over a scripted wire, recorded.
private func recordEcho(_ arrivals: [[UInt8]?] = few, _ outputs: Recorder.Outputs = .bytes) throws -> [UInt8] {
    let file = File()
    let recorder = Recorder(header, outputs: outputs) { bytes in bytes.withUnsafeBytes { file.bytes += $0 } }
    let wire = ScriptedWire(arrivals, [.sent, .full, .sent, refused])
    let doist = Doist([CoreDoer(Echo(salt: 1), over: Recorded(wire, recorder))])
    recorder.watch(doist)
    try doist.enter()
    for _ in 0..<6 { try doist.recur() }
    try doist.exit()
    try recorder.finish()
    #expect(recorder.bytesWritten == file.bytes.count)
    return file.bytes
}

private func replayEcho(_ recording: Recording, salt: UInt8 = 1) throws -> Replay.Outcome {
    let replay = Replay(recording)
    return try replay.run([CoreDoer(Echo(salt: salt), over: try Replayed(replay))])
}

@Suite struct RecordingTests {
    @Test("a recorded run replays to the byte, and says how much it was")
    func same() throws {
        let recording = try Recording(recordEcho())
        #expect(recording.header == header)
        // 4 trains came; 5 were offered, one of them twice since there was no room.
        var tally = ReplayTally()
        (tally.passes, tally.received, tally.offered, tally.compared) = (6, 4, 5, 10)
        #expect(try replayEcho(recording) == .same(tally))
    }

    @Test("a core that sends something else shows the first differing byte, its pass and its doer")
    func different() throws {
        guard case .different(let difference) = try replayEcho(Recording(recordEcho()), salt: 2) else {
            Issue.record("a changed core replayed as if it were the same")
            return
        }
        #expect(difference.pass == 1)
        #expect(difference.tyme == 0)
        #expect(difference.firstByte == 0)
        #expect(difference.place.hasPrefix("wire of CoreDoer"))
        #expect(difference.bytes == [row("recorded", "02 03 04", "..."), row("now     ", "03 04 05", "...")])
        #expect(difference.before.suffix(2).contains { $0.contains("received 3 B") })
    }

    @Test("one received byte that was changed, with its checksum, differs in the pass that sends it on")
    func flipped() throws {
        var bytes = try recordEcho()
        // [4, 5] is received in the second pass: find it behind its 40 bytes of head.
        let at = try #require((0..<bytes.count - 8).first { Array(bytes[$0..<$0 + 8]) == [4, 5, 0, 0, 0, 0, 0, 0] })
        bytes[at + 1] = 9
        #expect(throws: RecordingError.corrupt(at: firstChunk(bytes), what: "chunk")) { try Recording(bytes) }
        seal(&bytes, chunkAt: firstChunk(bytes))
        guard case .different(let difference) = try replayEcho(Recording(bytes)) else {
            Issue.record("a changed byte made no difference")
            return
        }
        #expect(difference.pass == 2)
        #expect(difference.firstByte == 1)
        #expect(difference.bytes == [row("recorded", "05 06", ".."), row("now     ", "05 0a", "..")])
    }

    @Test("a recording that keeps sums of what is sent replays as well, and shows the train that differs")
    func sums() throws {
        let recording = try Recording(recordEcho(few, .sums))
        var tally = ReplayTally()
        (tally.passes, tally.received, tally.offered, tally.compared) = (6, 4, 5, 10)
        #expect(try replayEcho(recording) == .same(tally))
        guard case .different(let difference) = try replayEcho(recording, salt: 2) else {
            Issue.record("a changed core replayed as if it were the same")
            return
        }
        #expect(difference.pass == 1)
        #expect(difference.firstByte == nil)
        #expect(difference.recorded.hasPrefix("sent 3 B with the sum "))
        #expect(difference.happened.hasPrefix("sent 3 B to "))
        #expect(difference.bytes == [row("now     ", "03 04 05", "...")])
    }

    @Test(
        "a sum knows a train with two datagrams exchanged, wherever they stand", arguments: [64, 256, 512, 1024, 1536])
    func exchanged(distance: Int) throws {
        // All bytes are the same but the last ones of two numbers that count, in words of one lane: near the upper end,
        // which sums modulo 2^64 forget first.
        var train = [UInt8](repeating: 7, count: 3000)
        (train[7], train[7 + distance]) = (5, 6)
        var bytes = try recordEcho([train], .sums)
        #expect(try isSame(bytes))
        let start = firstChunk(bytes)
        let at = try #require((start..<bytes.count - 8).first { Array(bytes[$0..<$0 + 8]) == Array(train[..<8]) })
        bytes.swapAt(at + 7, at + 7 + distance)
        #expect(throws: RecordingError.corrupt(at: start, what: "chunk")) { try Recording(bytes) }
        seal(&bytes, chunkAt: start)
        #expect(try !isSame(bytes))
    }

    private func isSame(_ bytes: [UInt8]) throws -> Bool {
        if case .same = try replayEcho(Recording(bytes)) { true } else { false }
    }

    @Test("the checksum is the one of the article", arguments: [0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2100, 4000])
    func checksum(count: Int) throws {
        var random = Xoshiro256(seed: 5)
        let bytes = try recordEcho([(0..<count).map { _ in UInt8(random.below(256)) }])
        var sealed = bytes
        seal(&sealed, chunkAt: firstChunk(bytes))
        #expect(sealed.elementsEqual(bytes))
    }

    @Test("no proper beginning of a recording is one")
    func truncated() throws {
        let bytes = try recordEcho()
        for count in 0..<bytes.count {
            #expect(throws: RecordingError.self, "cut to \(count)") { try Recording(Array(bytes[..<count])) }
        }
        #expect(throws: RecordingError.unfinished(at: firstChunk(bytes))) {
            try Recording(Array(bytes[..<firstChunk(bytes)]))
        }
    }

    @Test("a recording of another version is refused by its number")
    func version() throws {
        var bytes = try recordEcho()
        bytes[8] = 1
        let error = #expect(throws: RecordingError.version(1)) { try Recording(bytes) }
        #expect(error?.description == "a recording of version 1; this program reads versions 2 and 3")
        #expect(throws: RecordingError.noRecording) { try Recording([1, 2, 3]) }
    }

    @Test("a recording of version 2, which has no streams, replays as well")
    func older() throws {
        var bytes = try recordEcho()
        #expect(bytes[8] == 3)
        sealHeader(&bytes, version: 2)
        var tally = ReplayTally()
        (tally.passes, tally.received, tally.offered, tally.compared) = (6, 4, 5, 10)
        #expect(try replayEcho(Recording(bytes)) == .same(tally))
    }

    @Test(
        "trains of any length replay to the byte, whatever parts they are written in",
        arguments: [1024, 50_000, 1 << 20])
    func long(partLength: Int) throws {
        var random = Xoshiro256(seed: 9)
        let lengths = [16_383, 16_384, 16_385, 16_390, 5, 60_000, 16_391, 1]
        let trains = lengths.map { count in (0..<count).map { _ in UInt8(random.below(256)) } }
        for outputs in [Recorder.Outputs.bytes, .sums] {
            let file = File()
            let recorder = file.recorder(header, outputs, partLength: partLength)
            let wire = ScriptedWire(trains.map { $0 })
            let doist = Doist([CoreDoer(Echo(salt: 1), over: Recorded(wire, recorder))])
            recorder.watch(doist)
            try doist.enter()
            for _ in 0..<10 { try doist.recur() }
            try doist.exit()
            try recorder.finish()
            #expect(recorder.bytesWritten == file.bytes.count)
            guard case .same(let tally) = try replayEcho(Recording(file.bytes)) else {
                Issue.record("\(try replayEcho(Recording(file.bytes)))")
                return
            }
            #expect(tally.compared == lengths.reduce(0, +))
            guard case .different(let difference) = try replayEcho(Recording(file.bytes), salt: 2) else {
                Issue.record("a changed core replayed as if it were the same")
                return
            }
            #expect(difference.pass == 1)
        }
    }

    /// Some 3 KiB of an echo in parts of a kibibyte.
    private func recordParts() throws -> File {
        let file = File()
        let recorder = file.recorder(header, partLength: 1024)
        let wire = ScriptedWire([[1, 2], [UInt8](repeating: 7, count: 900), [3], [UInt8](repeating: 8, count: 400)])
        let doist = Doist([CoreDoer(Echo(salt: 1), over: Recorded(wire, recorder))])
        recorder.watch(doist)
        try doist.enter()
        for _ in 0..<6 { try doist.recur() }
        try doist.exit()
        try recorder.finish()
        return file
    }

    @Test("a record longer than any reader takes ends the recording, however long its parts are", arguments: [20, 27])
    func tooLong(bits: Int) throws {
        let file = File()
        let recorder = file.recorder(header, partLength: 1 << bits)
        let bytes = [UInt8](repeating: 0, count: (1 << 26) + 1)
        let taken = Inlet(recorder, name: "box").take { bytes }
        #expect(taken.count == bytes.count && recorder.isFinished)
        let error = #expect(throws: RecordingError.self) { try recorder.finish() }
        #expect("\(error!)".hasSuffix("bytes at once are more than a record holds: 67108864"))
    }

    @Test("a part is handed on when the next record does not fit, and is one chunk")
    func parts() throws {
        let file = try recordParts()
        #expect(file.parts.first == firstChunk(file.bytes))
        #expect(file.parts.reduce(0, +) == file.bytes.count)
        #expect(file.parts.dropFirst() == [296, 976, 536, 976, 672])
        var at = firstChunk(file.bytes)
        for part in file.parts.dropFirst() {
            #expect(Array(file.bytes[at..<(at + 4)]) == Array("TYCK".utf8))
            #expect(number(file.bytes[(at + 8)..<(at + 16)]) == UInt64(part - 24))
            at += part
        }
    }

    @Test("in several parts too, no proper beginning is a recording, and no flipped bit goes unnoticed")
    func damagedParts() throws {
        let bytes = try recordParts().bytes
        #expect(try isSame(bytes))
        for index in bytes.indices {
            #expect(throws: RecordingError.self, "cut to \(index)") { try Recording(Array(bytes[..<index])) }
            var changed = bytes
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(throws: RecordingError.self, "bit \(index % 8) of byte \(index)") { try Recording(changed) }
        }
    }

    @Test("every single flipped bit is noticed")
    func bits() throws {
        let bytes = try recordEcho()
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                #expect(throws: RecordingError.self, "bit \(bit) of byte \(index)") { try Recording(changed) }
            }
        }
    }

    @Test("records of any content with right checksums are refused or replayed, and never trap")
    func fuzz() throws {
        let bytes = try recordEcho()
        let start = firstChunk(bytes)
        var random = Xoshiro256(seed: 3)
        var (parsed, different) = (0, 0)
        for _ in 0..<3000 {
            var changed = bytes
            for _ in 0...random.below(3) {
                changed[start + 24 + random.below(bytes.count - start - 24)] = UInt8(random.below(256))
            }
            seal(&changed, chunkAt: start)
            guard let recording = try? Recording(changed) else { continue }
            parsed += 1
            if case .different? = try? replayEcho(recording) { different += 1 }
        }
        #expect(parsed > 300)
        #expect(different > 100)
    }

    @Test("what a doer reads through an inlet, and takes from a mailbox, is replayed")
    func inputs() throws {
        final class Reader: Doer {
            let inlet: Inlet
            let box: Mailbox<UInt8>
            let live: () -> [UInt8]
            var seen: [[UInt8]] = []
            init(_ inlet: Inlet, _ box: Mailbox<UInt8>, _ live: @escaping () -> [UInt8]) {
                (self.inlet, self.box, self.live) = (inlet, box, live)
                super.init()
            }
            override func recur(_ tyme: Tyme) -> Recurrence {
                seen.append(inlet.take(live))
                seen.append(box.takeAll())
                return .again
            }
        }
        let file = File()
        let recorder = Recorder(header) { bytes in bytes.withUnsafeBytes { file.bytes += $0 } }
        let box = Mailbox<UInt8>()
        var next: UInt8 = 0
        let reader = Reader(Inlet(recorder, name: "console"), box) {
            next += 1
            return [next]
        }
        box.pass(through: Inlet(recorder, name: "box"), encode: { [$0] }, decode: { $0.first })
        let doist = Doist([reader])
        recorder.watch(doist)
        try doist.enter()
        for pass in 0..<3 {
            for message in 0..<pass { box.post(UInt8(10 * pass + message)) }
            try doist.recur()
        }
        try doist.exit()
        try recorder.finish()
        #expect(reader.seen == [[1], [], [2], [10], [3], [20, 21]])

        let replay = Replay(try Recording(file.bytes))
        let empty = Mailbox<UInt8>()
        let again = Reader(try Inlet(replay, name: "console"), empty) { [99] }
        empty.pass(through: try Inlet(replay, name: "box"), encode: { [$0] }, decode: { $0.first })
        var tally = ReplayTally()
        tally.passes = 3
        #expect(try replay.run([again]) == .same(tally))
        #expect(again.seen == reader.seen)
    }

    @Test("a recording replayed by other sources is refused by their names")
    func sources() throws {
        let replay = Replay(try Recording(recordEcho()))
        #expect(throws: RecordingError.mismatch("source 0 was wire, not socket")) {
            try Replayed(replay, name: "socket")
        }
    }

    @Test("a sink that fails ends the recording and not the run")
    func sink() throws {
        struct Full: Error {}
        let recorder = Recorder(header) { _ in throw Full() }
        let doist = Doist([CoreDoer(Echo(salt: 1), over: Recorded(ScriptedWire([[1]]), recorder))])
        recorder.watch(doist)
        try doist.enter()
        try doist.recur()
        try doist.exit()
        #expect(throws: Full.self) { try recorder.finish() }
    }
}
