import Doing
import Testing
import Wiring

@testable import Simming

/// A net has a bound of bytes that it holds, not of bytes that it has held.
@Suite("The memory of a net") struct ArenaTests {
    @Test("what one size has given back is there for any other")
    func otherSizes() throws {
        let net = SimNet(memoryLimit: 1 << 20)
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1))
        let (sender, receiver) = (Talker(red), Talker(blu))
        let bulk = [UInt8](repeating: 1, count: 500)
        let large = [UInt8](repeating: 2, count: 5000)
        sender.plan = (0..<5000).map { _ in (0, blu.address, bulk) } + (0..<100).map { _ in (1, blu.address, large) }
        try Doist(tock: 0.125, limit: 2, doers: [net, sender, receiver]).run()
        #expect(net.statistics.noMemory == 5000 - (1 << 20) / 512)
        #expect(receiver.heard.filter { $0.bytes == large }.count == 100)
    }

    @Test("a full arena turns wholly free slabs into other sizes, and no block is in two hands")
    func slabsChange() {
        var arena = Arena(limit: 4 << 18)
        defer { arena.freeAll() }
        var random = SplitMix64(seed: 7)
        var held: [(block: UnsafeMutableRawPointer, size: Int, mark: UInt64)] = []
        var refused = [0, 0]
        for step in 0..<60_000 {
            // Phases of one size each: 64 B, 1 KiB, 64 KiB, and round again.
            let size = [0, 4, 10][step / 5000 % 3]
            if step % 5000 == 0 {
                for (block, size, mark) in held {
                    #expect(block.load(as: UInt64.self) == mark)
                    arena.give(block, size)
                }
                held = []
            }
            if held.count > 0, random.below(4) == 0 {
                let (block, size, mark) = held.remove(at: random.below(held.count))
                #expect(block.load(as: UInt64.self) == mark)
                arena.give(block, size)
            } else if let block = arena.take(size) {
                block.storeBytes(of: UInt64(step), as: UInt64.self)
                held.append((block, size, UInt64(step)))
            } else {
                refused[held.reduce(0) { $0 + 64 << $1.size } < 3 << 18 ? 0 : 1] += 1
            }
            #expect(arena.reserved <= 4 << 18)
        }
        // Only an arena that holds nearly its limit may refuse.
        #expect(refused[0] == 0 && refused[1] > 0)
    }

    @Test("a datagram of more than 64 KiB is refused with a reason, over whatever transport")
    func tooLong() throws {
        let wire = try Faulty(WideWire(), link: SimLink(delay: 1), seed: 1)
        #expect(wire.limits.datagram == 65_536)
        for (count, isTaken) in [(65_536, true), (65_537, false), (70_000, false)] {
            let bytes = [UInt8](repeating: 7, count: count)
            let sending = try wire.send(bytes.span.bytes, Train(peer: .ip4(1, port: 1), segment: count), at: 0)
            #expect((sending.outcome == .sent) == isTaken && sending.taken == (isTaken ? count : 0))
        }
        #expect(wire.heldCount == 1)
    }
}

/// A transport that takes datagrams of any length.
private struct WideWire: DatagramTransport {
    var limits: TrainLimits { TrainLimits(segments: 1, bytes: 1 << 20, datagram: 1 << 20) }
    var address: Address { .none }
    var readiness: Readiness { .polled }
    var statistics: TransportStatistics { TransportStatistics() }
    func open(for doer: Doer?) throws(TransportError) {}
    func close() {}
    func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? { nil }
    func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        Sending(taken: bytes.byteCount)
    }
}
