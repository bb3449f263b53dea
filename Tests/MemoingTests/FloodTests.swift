import Doing
import Testing
import Wiring

@testable import Memoing

/// What strangers send, however much, takes no more than its share of what leaves.
@Suite struct FloodTests {
    /// A peer that answers every plain memo with the same bytes, 64 datagrams a tick at most, as `memo-peer` does.
    struct Echo {
        var memoer: Memoer
        /// What left, by who it went to, and when.
        var left: [(to: Address, at: Tyme, line: String)] = []

        init(_ memoer: Memoer) { self.memoer = memoer }

        mutating func serve(at tyme: Tyme, datagrams: Int = 64) throws {
            while let memo = memoer.inbox.popFirst() {
                if memo.bytes.first == 0x65 { try memoer.memoit(memo.bytes, to: memo.source, kind: .plain) }
            }
            while memoer.pollEvent() != nil {}
            var room = datagrams
            while room > 0 {
                let limits = TrainLimits(segments: room, bytes: 65_472, datagram: 65_507)
                guard let (train, grams) = memoer.pollTrain(limits, at: tyme) else { return }
                memoer.sent(Sending(taken: grams.reduce(0) { $0 + $1.count }), train, at: tyme)
                left += grams.map { (train.peer, tyme, line($0)) }
                room -= grams.count
            }
        }

        func answers(to address: Address) -> [(at: Tyme, line: String)] {
            left.filter { $0.to == address }.map { ($0.at, $0.line) }
        }
    }

    /// One sure memo of one gram, of a memoer of its own.
    static func sureGram(_ number: UInt64) throws -> [UInt8] {
        try rend([1], mid: Mid(high: 1, low: number), kind: .sure)[0]
    }

    @Test(
        "6,000 sure memos a second, from one socket or from 4,000, hold up no echo of a friend for more than a tick",
        arguments: [1, 4000])
    func echoes(_ sources: Int) throws {
        let tock = 1.0 / 32
        var echo = Echo(Memoer(random: SplitMix64(seed: 1)))
        var number: UInt64 = 0
        var asked: [Tyme] = []
        for tick in 0..<96 {
            let tyme = Double(tick) * tock
            for _ in 0..<188 {
                number += 1
                let source = Address.host(100 + number % UInt64(sources))
                echo.memoer.feed(try Self.sureGram(number), from: source, at: tyme)
            }
            for _ in 0..<3 {
                number += 1
                echo.memoer.feed(
                    try rend([0x65], mid: Mid(high: 2, low: number), kind: .plain), from: .grn, at: tyme)
                asked.append(tyme)
            }
            try echo.serve(at: tyme)
        }
        let answers = echo.answers(to: .grn)
        #expect(answers.count >= asked.count - 3)
        let late = zip(asked, answers).map { $1.at - $0 }.max() ?? .infinity
        #expect(late <= tock, "\(late)")
        // And the flood is answered from what is left.
        #expect(sources == 1 || echo.left.count - answers.count >= 96 * 32)
    }

    @Test(
        "acks do not wait behind those of a flood: a stranger's at most 4 ticks, a friend's at most one",
        arguments: [(1, false), (50, false), (1, true), (50, true), (2000, true)])
    func acks(_ sources: Int, isFriend: Bool) throws {
        let tock = 1.0 / 32
        var echo = Echo(Memoer(random: SplitMix64(seed: 1)))
        if isFriend {
            let mid = try echo.memoer.memoit("are you there?", to: .grn, kind: .sure)
            try echo.serve(at: 0)
            echo.memoer.feed(SureWorld.ack(mid, 0), from: .grn, at: 0)
        }
        var (number, asked) = (UInt64(0), [Tyme]())
        for tick in 1...64 {
            let tyme = Double(tick) * tock
            for _ in 0..<188 {
                number += 1
                // First grams of larger memos, so that no ack can be joined with another.
                let gram = try rend(
                    MemoerTests.bytes(100, seed: number), mid: Mid(high: 1, low: number), kind: .sure, size: 100)[0]
                echo.memoer.feed(gram, from: .host(100 + number % UInt64(sources)), at: tyme)
            }
            number += 1
            echo.memoer.feed(try Self.sureGram(number), from: .grn, at: tyme)
            asked.append(tyme)
            try echo.serve(at: tyme)
        }
        let answers = echo.answers(to: .grn).filter { $0.line.hasPrefix("ack") }
        #expect(answers.count >= asked.count - 4)
        let late = zip(asked, answers).map { $1.at - $0 }.max() ?? .infinity
        #expect(late <= (isFriend || sources == 1 ? 1 : 4) * tock, "\(late)")
    }
}
