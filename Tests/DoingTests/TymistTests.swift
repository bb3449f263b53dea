import Doing
import Testing

/// Values of time that come from outside.
@Suite struct TymistTests {
    static let bad = [Double.nan, .infinity, -.infinity, -1.0]

    @Test("not a number, infinite and negative spans are refused by name", arguments: bad)
    func refusals(value: Double) throws {
        func expect(_ name: String, _ body: () throws -> Void) {
            #expect("\(name) of \(value)") {
                try body()
            } throws: { error in
                guard let error = error as? TymeError else { return false }
                return error.description.hasPrefix("\(name) is \(value)")
            }
        }
        expect("tock") { _ = try Tymist(tock: value) }
        expect("tick") {
            var tymist = try Tymist()
            try tymist.tick(by: value)
        }
        expect("duration") { _ = try Tymer(duration: value, start: 0.0) }
        expect("duration") {
            var tymer = try Tymer(start: 0.0)
            try tymer.restart(duration: value)
        }
        expect("tock") { _ = try Doist(tock: value) }
        expect("limit") { _ = try Doist(limit: value) }
        expect("limit") { try Doist().run(limit: value) }
        expect("tock") { _ = try Doer(name: "d", tock: value) }
        expect("tock") { _ = try DoDoer(name: "d", tock: value) }
        expect("tock") { _ = try DoDoer(name: "d", tock: value, doers: []) }
        expect("tock") { _ = try doify(name: "d", tock: value) { _ in .done } }
        if value != -1.0 {
            expect("tyme") { _ = try Tymist(tyme: value) }
            expect("tyme") { _ = try Doist(tyme: value) }
            expect("tyme") { _ = try Tymer(start: value) }
        }
    }

    @Test("a refused start leaves a tymer as it was")
    func refusedStart() throws {
        var tymer = try Tymer(duration: 1.0, start: 2.0)
        let before = tymer
        #expect(throws: TymeError.duration(-1.0)) { try tymer.start(at: 5.0, duration: -1.0) }
        #expect(tymer == before)
    }

    @Test("a tymer may start before zero, and a duration of 0 is expired at once")
    func edges() throws {
        let tymer = try Tymer(duration: 0.0, start: -3.0)
        #expect(tymer.isExpired(at: -3.0))
        #expect(!tymer.isExpired(at: -3.5))
        #expect(tymer.elapsed(at: 1.0) == 4.0)
        #expect(tymer.remaining(at: 1.0) == -4.0)
    }

    @Test("skipped ticks give the tyme of as many additions, bit for bit")
    func skippedTicks() throws {
        var random = Xoshiro256(seed: 1)
        // With the last starts some tocks lie in the middle between two steps, and are rounded up and down in turn.
        let tocks = [0.03125, 0.015625, 0.1, 0.3, 1.0 / 3.0, 0x1p-40, 3.0, 0.375, 0.001, 1.5, 2.5]
        for tock in tocks + (0..<20).map({ _ in random.unit() + 0x1p-60 }) {
            for start in [0.0, 10.5, 0.7, -2.5, 1e15, 0x1p-60, 0x1p52, 0x1p53 - 300] {
                // No clock that comes to stand still on the way.
                guard start + tock > start, start < 0x1p53 - 300 || 0x1p53 + tock > 0x1p53 else { continue }
                let ticks = 1 + random.below(2000)
                var tymes: [Tyme] = []
                var tyme = start
                for _ in 0..<ticks {
                    tymes.append(tyme)
                    tyme += tock
                }
                // Between the last two, at the last, and just above the last but one.
                for target in [tyme, tymes.last!.nextUp, (tyme + tymes.last!) / 2] where target > tymes.last! {
                    let runs = try [true, false].map { skips in
                        let doer = Probe("doer")
                        doer.answer = { doer.tymes.count == 1 ? .park(until: target) : ($0 < target ? .again : .done) }
                        let doist = try Doist(tyme: start, tock: tock, skipsIdle: skips, doers: [doer])
                        try doist.run()
                        #expect(doist.isDone)
                        return doer.tymes.map(\.bitPattern)
                    }
                    #expect(runs[0] == runs[1], "tock \(tock) from \(start), \(ticks) ticks")
                    #expect(runs[0].last == tyme.bitPattern, "tock \(tock) from \(start), \(ticks) ticks")
                }
            }
        }
    }

    @Test("many parks, over many powers of two and with tocks that change, run at the same tymes with skipped ticks")
    func skippedParks() throws {
        for start in [0.0, -700.25, 0.3, 1020.9] {
            let runs = try [true, false].map { skips in
                let (doer, idler) = (Probe("doer"), Probe("idler") { _ in .park(until: .infinity) })
                let doist = try Doist(tyme: start, tock: 0.001, skipsIdle: skips, doers: [idler, doer])
                var random = Xoshiro256(seed: 3)
                doer.answer = { [unowned doist] tyme in
                    if doer.tymes.count.isMultiple(of: 7) {
                        doist.tock = [0.001, 0x1p-10, 0.1, 0.3, 0.0013][random.below(5)]
                    }
                    return doer.tymes.count == 400 ? .done : .park(until: tyme + random.unit() * 9)
                }
                try doist.run(limit: 100_000)
                #expect(doer.tymes.count == 400)
                #expect((doist.statistics.skippedTicks > 0) == skips)
                return (doer.tymes.map(\.bitPattern), doist.statistics.skippedTicks + doist.statistics.passes)
            }
            #expect(runs[0].0 == runs[1].0, "from \(start)")
            #expect(Int(runs[1].1) > 400_000)
        }
    }

    @Test("a limit ends a run at the same tyme with and without skipped ticks")
    func skippedLimit() throws {
        for (tock, limit) in [(0.03125, 5.0), (0.1, 5.0), (0.1, 0.0001), (0.3, 7.77)] {
            let tymes = try [true, false].map { skips in
                let doist = try Doist(tyme: 0.7, tock: tock, limit: limit, skipsIdle: skips)
                try doist.enter([Probe("doer") { _ in .park(until: .infinity) }])
                try doist.run()
                return doist.tyme.bitPattern
            }
            #expect(tymes[0] == tymes[1])
        }
    }
}
