import CMallocCount
import Doing
import Testing
import Wiring

@testable import LTP

@Suite("Memory of sessions and blocks", .enabled(if: LinkTests.canCount))
struct MemoryTests {
    private let limits = TrainLimits(segments: 64, bytes: 65_472, datagram: 65_507)

    private func engines(_ change: (inout LTPPeer) -> Void = { _ in }) throws -> (one: LTPEngine, two: LTPEngine) {
        var one = LTPEngine(engine: 1, random: Xoshiro256(seed: 1))
        var two = LTPEngine(engine: 2, random: Xoshiro256(seed: 2))
        var peer = LTPPeer(engine: 2, address: World.address(2))
        (peer.rate, peer.exports) = (nil, 20_000)
        change(&peer)
        try one.add(peer)
        (peer.engine, peer.address) = (1, World.address(1))
        try two.add(peer)
        try two.open(client: 1)
        return (one, two)
    }

    /// What `one` has to send goes to `two`, or nowhere.
    private func pump(_ one: inout LTPEngine, _ two: inout LTPEngine, _ burst: Burst, arrives: Bool = true) {
        for _ in 0..<100_000 {
            let more = burst.lend { (out: inout OutputRawSpan) -> Bool in
                guard let train = one.poll(into: &out, limits, at: 0) else { return false }
                if arrives { two.handle(out.bytes, Train(peer: World.address(1), segment: train.segment), at: 0) }
                one.sent(Sending(taken: out.byteCount), train, at: 0)
                return true
            }
            if !more { return }
        }
    }

    @Test("ten thousand blocks that wait for their reports take less than two KiB each beside their data")
    func exports() throws {
        var (one, two) = try engines()
        let burst = Burst()
        let blocks = (0..<10_000).map { pattern(2000, $0) }
        let before = cmalloc_held()
        for block in blocks { try one.send(block, to: 2, client: 1) }
        pump(&one, &two, burst, arrives: false)
        let each = Double(cmalloc_held() - before) / 10_000
        #expect(one.openCount == 10_000 && one.openRows.allSatisfy { $0.state == .awaitingReport })
        #expect(each > 100 && each < 2048, "\(each) bytes a session")
    }

    @Test("ten thousand blocks of which a segment has come take less than two KiB each beside their data")
    func imports() throws {
        var (_, two) = try engines()
        let data = pattern(1000)
        let before = cmalloc_held()
        for number in 1...10_000 {
            let session = LTPSession(engine: 1, number: UInt64(number))
            let segment = LTPSegment(session, .data(.init(type: 0, client: 1, offset: 0, data: data))).bytes
            two.handle(segment.span.bytes, Train(peer: World.address(1), segment: segment.count), at: 0)
        }
        let each = Double(cmalloc_held() - before) / 10_000 - 1000
        #expect(two.openCount == 10_000)
        #expect(each > 100 && each < 2048, "\(each) bytes a session")
    }

    @Test(
        "a block of 100 MB is copied once, to its place: nothing else of its size is ever asked for",
        .enabled(if: LinkTests.isOptimised), arguments: [true, false])
    func large(isExpected: Bool) throws {
        let size = 100_000_000
        var (one, two) = try engines { if isExpected { $0.expectedRed = size } }
        let burst = Burst()
        let block = pattern(size)
        let before = cmalloc_asked()
        let heldBefore = cmalloc_held()
        try one.send(block, to: 2, client: 1)
        pump(&one, &two, burst)
        let (asked, held) = (cmalloc_asked() - before, cmalloc_held() - heldBefore)
        var red: [UInt8]?
        while let event = two.pollEvent() { if case .red(let one) = event { red = one.bytes } }
        #expect(red == block)
        // Where its size is not known before, room grows by four, and a third of it at most is moved.
        #expect(isExpected ? asked < size + 1_000_000 : asked < 4 * size, "\(asked) bytes asked for")
        #expect(!isExpected || held < size + 1_000_000, "\(held) bytes held")
    }
}
