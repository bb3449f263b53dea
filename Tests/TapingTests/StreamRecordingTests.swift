import Doing
import Taping
import Testing
import Wiring

private let header = RecordingHeader(program: "echo", arguments: [], seed: 42)
private typealias Outcome = Replay.Outcome

/// Streams whose answers a script gives: every kind of them, in a run that is the same each time.
@Suite struct StreamRecordingTests {
    private static let loss = StreamLoss(.timedOut, code: 110)

    /// Three connections that a listener takes, and one that connects: pieces, an end, a write with little room, a loss
    /// in a read and one in a write.
    private func makeServer<Listener: StreamListener>(
        _ listener: Listener, _ call: Listener.Stream, salt: UInt8
    ) -> [Doer] {
        [
            StreamAcceptor(listener) { StreamDoer(ByteEcho(salt: salt), over: $0) },
            StreamDoer(ByteEcho(salt: salt, sending: [1, 2, 3]), over: call),
        ]
    }

    private func script() -> (ScriptedListener, ScriptedStream) {
        let listener = ScriptedListener([
            nil,
            ScriptedStream(
                [.bytes([1, 2, 3]), .nothing, .bytes([4]), .bytes([5, 6]), .end], [.some(2), .some(0), .all]),
            ScriptedStream([.bytes([7]), .lost(Self.loss)]),
            nil,
            ScriptedStream([.bytes([8, 9]), .nothing], [.some(1), .lost(StreamLoss(.reset, code: 104))]),
            ScriptedStream([.bytes([10]), .broken]),
        ])
        return (listener, ScriptedStream([.bytes([20]), .end], [.some(2)], after: 2))
    }

    private func record(_ outputs: Recorder.Outputs = .bytes) throws -> [UInt8] {
        let file = File()
        let recorder = file.recorder(header, outputs)
        let (listener, call) = script()
        let doers = makeServer(
            RecordedListener(listener, recorder), RecordedStream(call, recorder, name: "call"), salt: 1)
        let doist = Doist(doers)
        recorder.watch(doist)
        try doist.enter()
        for _ in 0..<8 { try doist.recur() }
        try doist.exit()
        try recorder.finish()
        return file.bytes
    }

    private func replay(_ bytes: [UInt8], salt: UInt8 = 1) throws -> Outcome {
        let replay = Replay(try Recording(bytes))
        let listener = try ReplayedListener(replay)
        return try replay.run(makeServer(listener, try ReplayedStream(replay, name: "call"), salt: salt))
    }

    private var tally: ReplayTally {
        var tally = ReplayTally()
        (tally.passes, tally.streams, tally.read, tally.wrote, tally.compared) = (8, 5, 11, 13, 13)
        return tally
    }

    @Test("connections that are taken and made replay to the byte", arguments: [Recorder.Outputs.bytes, .sums])
    func same(outputs: Recorder.Outputs) throws {
        #expect(try replay(record(outputs)) == .same(tally))
    }

    @Test("a core that writes something else shows the first differing byte, its connection and its doer")
    func different() throws {
        guard case .different(let difference) = try replay(record(), salt: 2) else {
            Issue.record("a changed core replayed as if it were the same")
            return
        }
        #expect(difference.pass == 3)
        #expect(difference.firstByte == 0)
        #expect(difference.place.hasPrefix("listener.1 of StreamDoer"))
        #expect(difference.recorded == "offered 3 B, of which 2 were taken")
        #expect(difference.bytes == [row("recorded", "02 03", ".."), row("now     ", "03 04", "..")])
        #expect(difference.before.last?.contains("read 3 B") == true)
    }

    @Test("with sums of what is written the bytes that differ are shown as they are now")
    func differentSum() throws {
        guard case .different(let difference) = try replay(record(.sums), salt: 2) else {
            Issue.record("a changed core replayed as if it were the same")
            return
        }
        #expect(difference.firstByte == nil)
        #expect(difference.recorded.hasPrefix("offered 3 B, of which 2 were taken, with the sum "))
        #expect(difference.bytes == [row("now     ", "03 04", "..")])
    }

    @Test("one byte that was read and changed, with its checksum, differs where it is sent on")
    func flipped() throws {
        var bytes = try record()
        // [5, 6] is read by the first connection, in a record of kind 35 and two bytes.
        let pattern: [UInt8] = [2, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0]
        let at = try #require((4..<bytes.count - 12).first { Array(bytes[$0..<$0 + 12]) == pattern })
        #expect(bytes[at - 4] == 35)
        bytes[at + 5] = 66
        #expect(throws: RecordingError.corrupt(at: firstChunk(bytes), what: "chunk")) { try Recording(bytes) }
        seal(&bytes, chunkAt: firstChunk(bytes))
        guard case .different(let difference) = try replay(bytes) else {
            Issue.record("a changed byte made no difference")
            return
        }
        #expect(difference.place.hasPrefix("listener.1 of StreamDoer"))
        #expect(difference.bytes.last?.hasSuffix("C") == true)
    }

    @Test("no proper beginning is a recording, and every flipped bit is noticed")
    func damaged() throws {
        let bytes = try record()
        for count in 0..<bytes.count {
            #expect(throws: RecordingError.self, "cut to \(count)") { try Recording(Array(bytes[..<count])) }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(throws: RecordingError.self, "byte \(index)") { try Recording(changed) }
        }
    }

    @Test("records of any content with right checksums are refused or replayed, and never trap")
    func fuzz() throws {
        let bytes = try record()
        let start = firstChunk(bytes)
        var random = Xoshiro256(seed: 3)
        var (parsed, different) = (0, 0)
        for _ in 0..<2500 {
            var changed = bytes
            for _ in 0...random.below(3) {
                changed[start + 24 + random.below(bytes.count - start - 24)] = UInt8(random.below(256))
            }
            seal(&changed, chunkAt: start)
            guard (try? Recording(changed)) != nil else { continue }
            parsed += 1
            if case .different? = try? replay(changed) { different += 1 }
        }
        #expect(parsed > 300)
        #expect(different > 100)
    }

    @Test("more connections, one after the other, than there are numbers for sources")
    func many() throws {
        let count = 66_000
        let file = File()
        let recorder = file.recorder(header)
        let doist = Doist([
            StreamAcceptor(
                RecordedListener(
                    ScriptedListener((0..<count).map { _ in ScriptedStream([.bytes([1]), .end]) }), recorder)
            ) { StreamDoer(ByteEcho(), over: $0) }
        ])
        recorder.watch(doist)
        try doist.enter()
        for _ in 0..<(count / 64 + 3) { try doist.recur() }
        try doist.exit()
        try recorder.finish()
        let replay = Replay(try Recording(file.bytes))
        let again = StreamAcceptor(try ReplayedListener(replay)) { StreamDoer(ByteEcho(), over: $0) }
        guard case .same(let tally) = try replay.run([again]) else {
            Issue.record("\(replay.difference.map { "\($0)" } ?? "")")
            return
        }
        #expect(tally.streams == count && tally.read == count && tally.wrote == count)
    }

    @Test("more streams at a time than there are numbers end the recording, and not the run")
    func tooMany() throws {
        let file = File()
        let recorder = file.recorder(header)
        let streams = (0..<65_536).map { _ in RecordedStream(ScriptedStream([]), recorder) }
        #expect(streams.count == 65_536)
        #expect(recorder.isFinished)
        #expect(throws: RecordingError.tooManySources) { try recorder.finish() }
    }

    @Test("a doer that makes another stream than was recorded differs there")
    func mismatch() throws {
        let replay = Replay(try Recording(record()))
        let listener = try ReplayedListener(replay)
        #expect(throws: RecordingError.mismatch("source 1 was call, not cell")) {
            try ReplayedStream(replay, name: "cell")
        }
        let call = try ReplayedStream(replay, name: "call")
        let late = doify { _ in
            _ = try ReplayedStream(replay, name: "third")
            return .done
        }
        guard case .different(let difference) = try replay.run([late] + makeServer(listener, call, salt: 1)) else {
            Issue.record("a stream of nobody replayed as if it were the same")
            return
        }
        #expect(difference.happened == "the recording has no source third here")
    }

    @Test("without a recorder nothing is written, and everything is as without the wrapper")
    func off() throws {
        let (listener, call) = script()
        let recorded = RecordedStream(call, nil)
        let doist = Doist(makeServer(RecordedListener(listener, nil), recorded, salt: 1))
        try doist.enter()
        for _ in 0..<8 { try doist.recur() }
        try doist.exit()
        #expect(call.wrote == [1, 2, 3, 21])
        #expect(call.calls.first == "close")
        #expect(MemoryLayout<RecordedStream<ScriptedStream>>.size == 2 * MemoryLayout<Int>.size)
    }
}
