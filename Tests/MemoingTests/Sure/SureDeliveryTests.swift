import Doing
import Testing
import Wiring

@testable import Memoing

/// What a user of sure memos demands: they arrive, and their sender is told so.
@Suite struct SureDeliveryTests {
    @Test("720 memos, alternately of 60,000 and 100 bytes, over 2 % loss and jitter: all are delivered, and said to be")
    func mixedSizes() throws {
        var road = try SureRoad.pair(delay: 0.01, jitter: 0.005, loss: 0.02)
        try road.run(720, gap: 0.01, limit: 200) { MemoerTests.bytes($0 % 2 == 0 ? 60_000 : 100, seed: UInt64($0)) }
        #expect(road.results == ["delivered": 720])
        #expect(road.wrong == [] && road.accounts.values.allSatisfy { $0.arrivals == 1 })
    }

    @Test("a row that had a memo of many grams is as a new one for the next memo: nothing of it is left")
    func rows() {
        func begin(_ memo: inout SureMemo) {
            memo.begin(
                [1, 2], mid: AckTests.mid, kind: .sure, domain: .text, identity: 3, lane: 1, serial: 9, order: 4,
                size: 1240, count: 1, deadline: 7)
        }
        var (used, new) = (SureMemo(), SureMemo())
        used.begin(
            SureWorld.body(9), mid: Mid(high: 8, low: 8), kind: .sureSigned, domain: .binary, identity: 0, lane: 5,
            serial: 2, order: 3, size: 100, count: 9, deadline: 70)
        used.isTold = true
        used.isParked = true
        used.rounds = 5
        used.credit = 3
        used.next = 9
        used.setTransmission(4, of: 0)
        used.setTransmission(5, of: 3)
        used.setSignature(nil, of: 1)
        for gram in [0, 1, 4] as [Int32] { used.acknowledge(gram) }
        used.leave()
        begin(&used)
        begin(&new)
        var (left, right) = ("", "")
        dump(used, to: &left)
        dump(new, to: &right)
        #expect(left == right)
    }
}
