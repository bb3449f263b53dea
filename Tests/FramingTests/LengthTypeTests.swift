import Doing
import Testing
import Wiring

@testable import Framing

@Suite("length-type frames") struct LengthTypeTests {
    /// A frame as it stands on the wire.
    static func frame(_ type: FrameType, _ body: [UInt8], _ format: LengthTypeFormat = LengthTypeFormat()) -> [UInt8] {
        try! format.frame(type, body)
    }

    @Test("any cutting gives the same frames, in all formats", arguments: 0..<200)
    func cutting(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let formats = FieldFormat.allCases
        let format = LengthTypeFormat(
            length: formats[random.below(formats.count)], type: formats[random.below(formats.count)])
        let longest = min(format.largestBody, 3000)
        let sent = (0..<20).map { _ in StrMessage(bytes: pattern(random.below(Int(longest) + 1))) }
        var sender = LengthTypeCore(try words(format))
        var bytes: [UInt8] = []
        for (place, message) in sent.enumerated() {
            if place % 5 == 4 { bytes += Self.frame(100, pattern(random.below(50)), format) }
            try sender.send(message)
            bytes += sender.drain()
        }
        var core = LengthTypeCore(try words(format))
        var (come, unknown): ([StrMessage], Int) = ([], 0)
        for piece in chunks(bytes, &random, upTo: 1 + random.below(4000)) {
            core.feed(piece)
            while let event = core.pollEvent() {
                switch event {
                case .message(let message): come.append(try #require(message as? StrMessage))
                case .unknown(100, _): unknown += 1
                default: Issue.record("\(event)")
                }
            }
        }
        #expect(come == sent && unknown == 4 && core.failure == nil && core.partial.isEmpty, "seed \(seed)")
    }

    /// Bytes that come, and what is wrong with them.
    static let rubbish: [(bytes: [UInt8], error: FrameError)] = [
        ([0, 0], .badLength(0, head: 3)), ([0, 1], .badLength(1, head: 3)), ([0, 2, 1], .badLength(2, head: 3)),
        ([0, 6, 1, 0, 0, 1], .badBody(1, .length(have: 3, need: 4))),
        ([0, 8, 1, 0, 0, 1, 2, 3], .badBody(1, .length(have: 5, need: 4))),
    ]

    @Test("bad input is a typed error and a closed connection; what came before is delivered", arguments: rubbish)
    func bad(_ vector: (bytes: [UInt8], error: FrameError)) throws {
        for isCut in [false, true] {
            var core = LengthTypeCore(try words())
            let bytes = Self.frame(2, [7]) + vector.bytes + Self.frame(2, [8])
            for piece in isCut ? bytes.map({ [$0] }) : [bytes] { core.feed(piece) }
            let come = core.messages() as? [StrMessage]
            #expect(come == [StrMessage(bytes: [7])])
            #expect(core.failure == vector.error && core.closing == .finish)
            #expect(throws: FrameError.closed) { try core.send(NumMessage(1)) }
        }
    }

    @Test("a negative length is refused as such")
    func negative() throws {
        var core = LengthTypeCore(try words(LengthTypeFormat(length: .int16)))
        core.feed([0xFF, 0xFF])
        #expect(core.failure == .badLength(-1, head: 3))
        var wide = LengthTypeCore(try words(LengthTypeFormat(length: .uint64, type: .uint64)))
        wide.feed([UInt8](repeating: 0xFF, count: 8))
        #expect(wide.failure == .tooLarge(size: .max - 16, limit: 16 << 20))
    }

    @Test("a frame of 300,000 bytes in pieces of one byte grows as it comes, a handful of times")
    func linear() throws {
        var core = LengthTypeCore(try words(LengthTypeFormat(length: .uint32)))
        let bytes = Self.frame(2, pattern(300_000), core.messages.format)
        var rooms: Set<Int> = []
        for byte in bytes {
            core.feed([byte])
            rooms.insert(core.decoder.body.bytes.capacity)
        }
        let come = core.messages() as? [StrMessage]
        #expect(come == [StrMessage(bytes: pattern(300_000))])
        #expect(rooms.count < 30 && rooms.max()! < 301_000)
    }

    @Test("a length alone allocates nothing, and beyond the limit it ends the connection")
    func bomb() throws {
        let messages = try words(LengthTypeFormat(length: .uint32))
        var core = LengthTypeCore(messages)
        core.feed([0x00, 0xFF, 0xFF, 0xFF, 2])
        #expect(core.decoder.body.bytes.capacity == 0 && core.failure == nil && core.partial.count == 5)
        var other = LengthTypeCore(messages)
        other.feed([0x01, 0x00, 0x00, 0x06, 2])
        #expect(other.failure == .tooLarge(size: 1 << 24 | 1, limit: 1 << 24))
        // A frame of a type that nobody knows is counted and not kept.
        var skipping = LengthTypeCore(messages)
        skipping.feed([0x00, 0xFF, 0xFF, 0xFF, 9])
        for _ in 0..<100 { skipping.feed([UInt8](repeating: 0, count: 60_000)) }
        #expect(skipping.partial.count == 5 && skipping.failure == nil)
    }

    @Test("a stream that ends amid a frame delivers nothing of it")
    func truncated() throws {
        var core = LengthTypeCore(try words())
        core.feed(Self.frame(2, [1]) + [0, 9, 2, 1])
        core.ended(at: 1)
        #expect(core.failure == .truncated(have: 4, need: 9) && core.closing == .finish && core.messages().count == 1)
        var head = LengthTypeCore(try words())
        head.feed([0])
        head.ended(at: 1)
        #expect(head.failure == .truncated(have: 1, need: 3))
        var clean = LengthTypeCore(try words())
        clean.feed(Self.frame(2, [1]))
        clean.ended(at: 1)
        #expect(clean.failure == nil && clean.closing == .finish)
    }

    @Test("silence amid a frame, a trickle, and silence at all are timeouts; the clock stops while nothing is read")
    func timeouts() throws {
        var core = LengthTypeCore(try words())
        core.connected(at: 0)
        core.wait(until: 1000)
        #expect(core.failure == nil && core.wakeTyme == nil)
        core.feed([0], at: 1000)
        #expect(core.wakeTyme == 1030)
        core.expire(at: 1030)
        #expect(core.failure == nil)  // what came before the deadline may lie unread
        core.expire(at: 1030)
        #expect(core.failure == .timeout(.head))
        core.wait(until: 1031)
        #expect(core.closing == .close)

        var trickle = LengthTypeCore(try words())
        trickle.feed([0, 200, 2], at: 0)
        for second in stride(from: 20, to: 600, by: 20) {
            trickle.feed([1], at: Double(second))
            trickle.wait(until: Double(second))
        }
        #expect(trickle.failure == nil && trickle.wakeTyme == 600)
        trickle.wait(until: 600)
        #expect(trickle.failure == .timeout(.body))

        var limits = FrameLimits()
        limits.idle = 60
        limits.input = 1
        var idle = LengthTypeCore(try words(), limits: limits)
        idle.connected(at: 0)
        idle.feed(Self.frame(2, []) + [0, 3], at: 5)
        #expect(!idle.wantsInput)
        idle.wait(until: 500)
        #expect(idle.failure == nil)
        #expect(idle.messages().count == 1 && idle.wantsInput)
        idle.expire(at: 500)
        #expect(idle.wakeTyme == 65)
        idle.expire(at: 500)
        #expect(idle.failure == .timeout(.idle))
    }

    @Test("what waits is bounded: output at the caller, input by not reading, all together by the memory")
    func bounded() throws {
        var limits = FrameLimits()
        (limits.output, limits.backlog, limits.input, limits.message) = (1000, 300, 500, 2000)
        let memory = FrameMemory(limit: 4000)
        var core: LengthTypeCore? = LengthTypeCore(try words(), limits: limits, memory: memory)
        try core?.send(StrMessage(bytes: pattern(300)))
        #expect(core?.wantsInput == false && core?.unsent == 303 && memory.held == 303)
        try core?.send(StrMessage(bytes: pattern(1900)))
        #expect(throws: FrameError.outputFull(waiting: 2206, limit: 1000)) { try core?.send(NumMessage(1)) }
        #expect(throws: FrameError.tooLarge(size: 2001, limit: 2000)) {
            try core?.send(StrMessage(bytes: pattern(2001)))
        }
        #expect(core?.drain().count == 2206)
        #expect(core?.wantsInput == true && memory.held == 0)
        for _ in 0..<8 { core?.feed(Self.frame(2, [])) }
        #expect(core?.wantsInput == false && memory.held == 8 * 64)
        _ = core?.messages()
        #expect(core?.wantsInput == true && memory.held == 0)
        core?.feed([0, 203, 2] + pattern(100))
        #expect(memory.held == 100)
        var second = LengthTypeCore(try words(), limits: limits, memory: memory)
        for _ in 0..<4 where second.failure == nil { second.feed(Self.frame(2, pattern(1000))) }
        #expect(second.failure == .memoryFull(limit: 4000))
        core = nil
        #expect(memory.held <= 3 * 1064)
        #expect(throws: FrameError.memoryFull(limit: 4000)) {
            var third = LengthTypeCore(try words(), limits: limits, memory: memory)
            try third.send(StrMessage(bytes: pattern(1990)))
        }
        second.reset()
        #expect(second.messages().count == 4 && memory.held == 0 && second.closing == .reset)
    }

    @Test("what a protocol cannot say is an error at the caller")
    func callers() throws {
        #expect(throws: FrameError.typeTaken(1)) { try LengthTypeProtocol([NumMessage.self, NumMessage.self]) }
        let one = try LengthTypeProtocol([NumMessage.self])
        #expect(throws: FrameError.unknownMessage(2)) { try one.pack(StrMessage("a")) }
        #expect(try one.unpack(2, []) == nil)
        #expect(FrameType(-5).description == "-5" && FieldFormat.uint64.range.upperBound == Int128(UInt64.max))
    }

    @Test("closing sends what waits, then our half ends, and lingering has an end")
    func closing() throws {
        var core = LengthTypeCore(try words())
        core.connected(at: 0)
        try core.send(NumMessage(1))
        core.close()
        core.expire(at: 2)
        #expect(core.closing == .finish && core.wakeTyme == 3)
        #expect(core.drain(at: 2.5).count == 7)
        #expect(core.wakeTyme == 3.5)
        core.expire(at: 3.5)
        #expect(core.closing == .close)
        var stuck = LengthTypeCore(try words())
        try stuck.send(NumMessage(1))
        stuck.close()
        stuck.expire(at: 2)
        stuck.expire(at: 3)
        #expect(stuck.closing == .reset)
    }
}
