import Doing
import Testing
import Wiring

@testable import Framing

@Suite("handshaken frames") struct HandshakeTests {
    /// An end that is up.
    static func up(
        _ limits: FrameLimits = FrameLimits(), transforms: [any FrameTransform] = []
    ) -> HandshakeCore {
        var core = HandshakeCore(transforms: transforms, limits: limits)
        core.connected(at: 0)
        core.feed([0xFF])
        _ = core.drain()
        while core.pollEvent() != nil {}
        return core
    }

    /// What comes once it is up, and what is wrong with it.
    static let rubbish: [(bytes: [UInt8], error: FrameError, answer: [UInt8])] = [
        ([0xF1, 0, 0, 0], .tooLarge(size: 0xF100_0000, limit: 1 << 24), [0]),
        ([0xFF, 0xFF, 0xFF, 0xFF], .tooLarge(size: 0xFFFF_FFFF, limit: 1 << 24), [0]),
        ([1, 0, 0, 1], .tooLarge(size: 1 << 24 + 1, limit: 1 << 24), [0]),
    ]

    @Test("a size that is too large is answered 00 and ends the connection", arguments: rubbish)
    func tooLarge(_ vector: (bytes: [UInt8], error: FrameError, answer: [UInt8])) {
        var core = Self.up()
        for byte in vector.bytes { core.feed([byte]) }
        #expect(core.failure == vector.error && core.drain() == vector.answer && core.closing == .finish)
    }

    @Test(
        "a first byte other than ff is told apart: the limit, and anything else",
        arguments: 0...255 as ClosedRange<UInt8>)
    func hello(_ byte: UInt8) {
        var core = HandshakeCore()
        core.connected(at: 0)
        core.feed([byte, 0, 0])
        switch byte {
        case 0xFF: #expect(core.failure == nil && core.wasUp)
        case 0xFE: #expect(core.failure == .connectionLimit && !core.wasUp && core.closing == .finish)
        default: #expect(core.failure == .hello(byte) && !core.wasUp && core.closing == .finish)
        }
    }

    @Test("an answer other than ff refuses the message; 00 too, if nothing follows it")
    func refused() throws {
        var core = Self.up()
        try core.send([1, 2, 3])
        #expect(core.drain() == [0, 0, 0, 3])
        var (byte, ends, waits) = (core, core, core)
        byte.feed([0xFD])
        #expect(byte.failure == .refused(0xFD) && byte.unsent == 3 && byte.closing == .finish)
        ends.feed([0])
        #expect(ends.failure == nil)
        ends.ended(at: 1)
        #expect(ends.failure == .refused(0))
        waits.feed([0], at: 1)
        waits.wait(until: 6)
        #expect(waits.failure == .refused(0))
        core.wait(until: 5)
        #expect(core.failure == .timeout(.answer))
    }

    @Test("a payload that is cut short is an error, and nothing of it is delivered")
    func truncated() {
        var core = Self.up()
        core.feed([0, 0, 0, 5, 1, 2])
        core.ended(at: 1)
        #expect(core.failure == .truncated(have: 2, need: 5) && core.messages().isEmpty && core.closing == .finish)
        var size = Self.up()
        size.feed([0, 0])
        size.ended(at: 1)
        #expect(size.failure == .truncated(have: 2, need: 4))
        var hello = HandshakeCore()
        hello.connected(at: 0)
        hello.ended(at: 1)
        #expect(hello.failure == nil && hello.closing == .finish && !hello.wasUp && !hello.hasEvents)
    }

    @Test("silence amid a size after 5 s, within a payload after 30 s; nothing phantom is delivered")
    func silence() {
        var size = Self.up()
        size.feed([0], at: 10)
        #expect(size.wakeTyme == 15)
        size.wait(until: 15)
        #expect(size.failure == .timeout(.head))
        var payload = Self.up()
        payload.feed([0, 0, 0, 5], at: 10)
        payload.feed([1], at: 20)
        #expect(payload.wakeTyme == 50)
        payload.wait(until: 50)
        #expect(payload.failure == .timeout(.body) && payload.messages().isEmpty)
        var idle = Self.up()
        idle.wait(until: 1e6)
        #expect(idle.failure == nil && idle.wakeTyme == nil)
    }

    @Test("both ends at once: each answers the other's size, and both messages arrive")
    func glare() throws {
        var (red, blu) = (Self.up(), Self.up())
        try red.send([0xFF, 1])
        try blu.send([0xFF, 2, 3])
        let (first, second) = (red.drain(), blu.drain())
        red.feed(second)
        blu.feed(first)
        let (answer, other) = (red.drain(), blu.drain())
        #expect(answer == [0xFF] && other == [0xFF])
        red.feed(other)
        blu.feed(answer)
        let (payload, last) = (red.drain(), blu.drain())
        #expect(payload == [0xFF, 1] && last == [0xFF, 2, 3])
        red.feed(last)
        blu.feed(payload)
        #expect(red.messages() == [[0xFF, 2, 3]] && blu.messages() == [[0xFF, 1]])
        #expect(red.failure == nil && blu.failure == nil && red.unsent == 0)
    }

    @Test("a message is not begun while one of the other end is under way")
    func patient() throws {
        for (cut, isAnswered) in [(1, false), (4, true), (6, true)] {
            var core = Self.up()
            let message: [UInt8] = [0, 0, 0, 3, 1, 2, 3]
            core.feed(Array(message.prefix(cut)))
            try core.send([9])
            #expect(core.drain() == (isAnswered ? [0xFF] : []))
            core.feed(Array(message.dropFirst(cut)))
            #expect(core.drain() == (isAnswered ? [] : [0xFF]) + [0, 0, 0, 1])
        }
    }

    @Test("two ends that send as they like, cut as it comes, get all messages in order", arguments: 0..<300)
    func swarm(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var ends = [HandshakeCore(), HandshakeCore()]
        var (wires, sent, come): ([[UInt8]], [[[UInt8]]], [[[UInt8]]]) = ([[], []], [[], []], [[], []])
        for end in 0..<2 { ends[end].connected(at: 0) }
        for step in 0..<4000 {
            let end = random.below(2)
            if step < 2000, random.below(10) == 0 {
                // All of ff, so that payloads look like answers.
                let message = [UInt8](repeating: 0xFF, count: random.below(random.below(10) == 0 ? 500 : 4))
                try ends[end].send(message)
                sent[end].append(message)
            }
            let room = 1 + random.below(40)
            let piece = ends[end].lendOutput { bytes in bytes.withUnsafeBytes { Array($0.prefix(room)) } }
            if !piece.isEmpty { ends[end].sent(piece.count, at: 0) }
            wires[end] += piece
            let count = min(wires[1 - end].count, random.below(40))
            if count > 0 { ends[end].feed(Array(wires[1 - end].prefix(count))) }
            wires[1 - end].removeFirst(count)
            come[1 - end] += ends[end].messages()
        }
        for _ in 0..<1000 {
            for end in 0..<2 {
                wires[end] += ends[end].drain()
                ends[1 - end].feed(wires[end])
                wires[end] = []
                come[end] += ends[1 - end].messages()
            }
        }
        #expect(come == sent && ends[0].failure == nil && ends[1].failure == nil, "seed \(seed)")
        #expect(ends[0].unsent == 0 && ends[1].unsent == 0)
    }

    /// Adds a number to each byte, or refuses.
    struct Shift: FrameTransform {
        struct Unwilling: Error {}
        var by: UInt8
        var isWilling = true
        func outgoing(_ message: [UInt8]) throws -> [UInt8] {
            guard isWilling else { throw Unwilling() }
            return message.map { $0 &* 3 &+ by }
        }
        func incoming(_ message: [UInt8]) throws -> [UInt8] {
            guard isWilling else { throw Unwilling() }
            return message.map { ($0 &- by) &* 171 }
        }
    }

    @Test("transforms are applied in order, undone in reverse, and one that fails fails the connection")
    func transforms() throws {
        let both: [any FrameTransform] = [Shift(by: 5), Shift(by: 9)]
        var (red, blu) = (Self.up(transforms: both), Self.up(transforms: both))
        try red.send([1, 2])
        blu.feed(red.drain())
        red.feed(blu.drain())
        let wire = red.drain()
        #expect(wire == [33, 42])  // (1 * 3 + 5) * 3 + 9, (2 * 3 + 5) * 3 + 9
        blu.feed(wire)
        #expect(blu.messages() == [[1, 2]])
        var broken = Self.up(transforms: [Shift(by: 5), Shift(by: 9, isWilling: false)])
        #expect(throws: Shift.Unwilling.self) { try broken.send([1]) }
        #expect(broken.drain() == [] && broken.unsent == 0)
        broken.feed([0, 0, 0, 1, 7])
        #expect(broken.failure == .transform(1) && broken.messages().isEmpty && broken.closing == .finish)
    }

    @Test("what waits is bounded, closing lets it go first, and a bomb allocates nothing")
    func bounds() throws {
        var limits = FrameLimits()
        (limits.output, limits.message) = (100, 90)
        let memory = FrameMemory(limit: 1000)
        var core = HandshakeCore(limits: limits, memory: memory)
        core.connected(at: 0)
        try core.send(pattern(60))
        try core.send(pattern(60))
        #expect(throws: FrameError.outputFull(waiting: 120, limit: 100)) { try core.send([1]) }
        #expect(throws: FrameError.tooLarge(size: 91, limit: 90)) {
            var other = HandshakeCore(limits: limits)
            try other.send(pattern(91))
        }
        #expect(memory.held == 121)
        core.feed([0xFF])
        core.close()
        #expect(throws: FrameError.closed) { try core.send([1]) }
        var all = core.drain()
        for _ in 0..<2 {
            core.feed([0xFF])
            #expect(core.closing == .open || core.unsent == 60)
            all += core.drain()
        }
        #expect(all == [0xFF, 0, 0, 0, 60] + pattern(60) + [0, 0, 0, 60] + pattern(60))
        #expect(core.closing == .finish && core.unsent == 0)
        while core.pollEvent() != nil {}
        #expect(memory.held == 0)

        var bomb = Self.up()
        bomb.feed([0, 0xFF, 0xFF, 0xFF])
        #expect(bomb.payload.bytes.capacity == 0 && bomb.failure == nil)
        var rooms: Set<Int> = []
        for byte in pattern(300_000) {
            bomb.feed([byte])
            rooms.insert(bomb.payload.bytes.capacity)
        }
        #expect(rooms.count < 30 && rooms.max()! < 700_000)
    }

    @Test("an end that sends sizes and takes no answers is not read any more")
    func flood() {
        var core = Self.up()
        for _ in 0..<70 { core.feed([UInt8](repeating: 0, count: 4000)) }
        while core.pollEvent() != nil {}
        #expect(!core.wantsInput && core.failure == nil)
        #expect(core.drain().count == 70_000 && core.wantsInput)
    }
}
