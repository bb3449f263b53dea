import Doing
import Testing

@testable import Wiring

@Suite("A queue of datagrams")
struct DatagramQueueTests {
    static let a = Address.host(1)
    static let b = Address.host(2)
    static let limits = TrainLimits(segments: 4, bytes: 64, datagram: 16)

    /// The next train as text, and what then becomes of it.
    func poll(_ queue: inout DatagramQueue, _ taken: Int? = nil, _ outcome: Sending.Outcome = .sent) -> String? {
        Burst().lend { out in
            guard let train = queue.poll(into: &out, Self.limits) else { return nil }
            let bytes = [UInt8](out.bytes)
            queue.sent(Sending(taken: taken ?? out.byteCount, outcome), train)
            return "\(train.peer == Self.a ? "a" : "b") \(train.segment): \(bytes)"
        }
    }

    func queue(_ datagrams: [(Address, [UInt8])], limits: DatagramQueue.Limits = .standard) -> DatagramQueue {
        var queue = DatagramQueue(limits: limits)
        queue.opened(Self.limits)
        for (peer, bytes) in datagrams { queue.append(bytes.span.bytes, to: peer) }
        return queue
    }

    @Test("equal datagrams to a peer leave together, a shorter one ends the train, and peers have turns")
    func trains() {
        var queue = queue([
            (Self.a, [1, 1]), (Self.b, [9]), (Self.a, [2, 2]), (Self.a, [3]), (Self.a, [4, 4]), (Self.a, []),
            (Self.b, [8, 8]),
        ])
        var log: [String] = []
        while let line = poll(&queue) { log.append(line) }
        #expect(
            log == [
                "a 2: [1, 1, 2, 2, 3]", "b 1: [9]", "a 2: [4, 4]", "b 2: [8, 8]", "a 1: []",
            ])
        #expect(queue.isEmpty && !queue.isReady && queue.drops == DatagramQueue.Drops())
    }

    @Test("what was not taken is polled again; a full peer holds up nobody else until it is unblocked")
    func fullPeer() {
        var queue = queue([(Self.a, [1, 1]), (Self.a, [2, 2]), (Self.b, [9])])
        #expect(poll(&queue, 2, .peerFull) == "a 2: [1, 1, 2, 2]")
        #expect(queue.isBlocked)
        #expect(poll(&queue, 0, .full) == "b 1: [9]")
        #expect(poll(&queue) == "b 1: [9]")
        #expect(poll(&queue) == nil)
        queue.unblock()
        #expect(poll(&queue) == "a 2: [2, 2]" && queue.isEmpty && !queue.isBlocked)
    }

    @Test("a refused datagram is dropped and counted, and those behind it go on")
    func refused() {
        var queue = queue([(Self.a, [1]), (Self.a, [2]), (Self.a, [3])])
        #expect(poll(&queue, 1, .refused(Refusal(.unreachable))) == "a 1: [1, 2, 3]")
        #expect(poll(&queue) == "a 1: [3]")
        #expect(queue.drops.refused == 1 && queue.isEmpty)
    }

    @Test("a datagram that is too long, one too many, and a peer too many are refused when they are given, and counted")
    func bounds() throws {
        let limits = try DatagramQueue.Limits(bytes: 300, bytesPerPeer: 140, peers: 2)
        var queue = queue([], limits: limits)
        func append(_ count: Int, _ peer: Address) -> Bool {
            queue.append([UInt8](repeating: 0, count: count).span.bytes, to: peer)
        }
        let answers = [
            append(17, Self.a), append(1, Self.a), append(1, Self.a), append(1, Self.a), append(1, Self.b),
            append(1, .host(3)),
        ]
        #expect(answers == [false, true, true, false, true, false])
        #expect(queue.drops.tooLarge == 1 && queue.drops.full == 1 && queue.drops.peers == 1)
        while poll(&queue) != nil {}
        let hasRoom = append(1, .host(3))
        #expect(hasRoom && queue.count(for: .host(3)) == 1)
        queue.removeAll(for: .host(3))
        #expect(queue.isEmpty && poll(&queue) == nil)
        #expect(throws: TransportError.badValue(name: "queue's peers", value: "0", allowed: "at least 1")) {
            try DatagramQueue.Limits(peers: 0)
        }
    }

    @Test("whatever is taken and refused on the way, each peer gets its own in order and none twice", arguments: 0..<20)
    func random(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = DatagramQueue()
        var (next, last, lost) = ([UInt8](repeating: 0, count: 5), [Int](repeating: -1, count: 5), 0)
        func take() {
            Burst().lend { out in
                guard let train = queue.poll(into: &out, Self.limits) else { return queue.unblock() }
                let count = train.count(of: out.byteCount)
                let gone = Int(random.next() % UInt64(count + 1))
                let host = Int(train.peer.lo)
                var (number, taken) = (0, 0)
                train.forEachDatagram(of: out.bytes) { datagram in
                    if number < gone {
                        taken += datagram.byteCount
                        let value = Int(datagram.byte(at: 0)!)
                        #expect(value > last[host])
                        last[host] = value
                    }
                    number += 1
                }
                let outcome: Sending.Outcome =
                    gone == count
                    ? .sent : [.full, .peerFull, .refused(Refusal(.other))][Int(random.next() % 3)]
                if case .refused = outcome { lost += 1 }
                queue.sent(Sending(taken: taken, outcome), train)
            }
        }
        for _ in 0..<600 {
            let host = Int(random.next() % 5)
            if next[host] < 120, random.next() % 2 == 0 {
                let bytes = [UInt8](repeating: next[host], count: 1 + Int(random.next() % 3))
                if queue.append(bytes.span.bytes, to: .host(UInt64(host))) { next[host] += 1 }
            }
            take()
        }
        for _ in 0..<3000 where !queue.isEmpty { take() }
        #expect(queue.isEmpty && !queue.isReady && !queue.isBlocked && queue.drops.refused == lost)
    }
}
