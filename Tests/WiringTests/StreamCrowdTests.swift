import Testing

@testable import Wiring

/// 200 connections push, one says little. The world: each reads all that it is granted, in a fixed order.
@Suite struct StreamCrowdTests {
    private let most = 64 << 10

    @Test func `alone, a connection reads its whole budget in every pass`() {
        let crowd = StreamCrowd()
        var share = StreamCrowd.Share()
        for pass in UInt64(1)...50 {
            #expect(crowd.grant(&share, atMost: most, in: pass) == most)
            crowd.note(most, &share)
        }
    }

    @Test func `four that push have their whole budgets too`() {
        let crowd = StreamCrowd()
        var shares = Array(repeating: StreamCrowd.Share(), count: 4)
        for pass in UInt64(1)...50 {
            for place in shares.indices {
                #expect(crowd.grant(&shares[place], atMost: most, in: pass) == most)
                crowd.note(most, &shares[place])
            }
        }
    }

    @Test func `whoever says little is served in every pass, and no pass is long`() {
        let crowd = StreamCrowd()
        var shares = Array(repeating: StreamCrowd.Share(), count: 200)
        var quiet = StreamCrowd.Share()
        for pass in UInt64(1)...500 {
            let read = push(crowd, &shares, pass)
            // Until they are known, each may say a little.
            #expect(read <= StreamCrowd.passBytes + most + (pass <= 20 ? 200 * StreamCrowd.littleBytes : 0))
            #expect(crowd.grant(&quiet, atMost: most, in: pass) >= 64)
            crowd.note(64, &quiet)
        }
    }

    @Test func `those who push get as much as each other`() {
        let crowd = StreamCrowd()
        var shares = Array(repeating: StreamCrowd.Share(), count: 200)
        var totals = Array(repeating: 0, count: 200)
        for pass in UInt64(1)...2000 { _ = push(crowd, &shares, pass) { totals[$0] += $1 } }
        let (least, most) = (totals.min()!, totals.max()!)
        #expect(most - least <= 2 * self.most)  // they are not known at once
        #expect(least > 100 * StreamCrowd.leastQuantum)
    }

    @Test func `who pushes no longer is served at once again, as soon as it has read little for a rotation`() {
        let crowd = StreamCrowd()
        var shares = Array(repeating: StreamCrowd.Share(), count: 50)
        for pass in UInt64(1)...100 { _ = push(crowd, &shares, pass) }
        var waits = 0
        for pass in UInt64(101)...200 {
            _ = push(crowd, &shares, pass, but: 49)
            let granted = crowd.grant(&shares[49], atMost: most, in: pass)
            if granted == 0 { waits += 1 }
            crowd.note(min(granted, 64), &shares[49])
        }
        #expect(waits <= 8)
    }

    @Test func `a budget of one byte is kept to`() {
        let crowd = StreamCrowd()
        var share = StreamCrowd.Share()
        for pass in UInt64(1)...10 {
            #expect(crowd.grant(&share, atMost: 1, in: pass) == 1)
            crowd.note(1, &share)
        }
    }

    /// One pass of all but `but`; answers the bytes read.
    private func push(
        _ crowd: StreamCrowd, _ shares: inout [StreamCrowd.Share], _ pass: UInt64, but: Int? = nil,
        _ note: (Int, Int) -> Void = { _, _ in }
    ) -> Int {
        var read = 0
        for place in shares.indices where place != but {
            let granted = crowd.grant(&shares[place], atMost: most, in: pass)
            crowd.note(granted, &shares[place])
            note(place, granted)
            read += granted
        }
        return read
    }
}
