import Doing
import Rehearsing
import Testing

@Suite("Shrinking")
struct ShrinkTests {
    @Test("of twenty faults the two that matter are left, in their order")
    func twoOfTwenty() {
        let (smallest, tries) = shrink(Array(1...20)) { $0.contains(3) && $0.contains(17) }
        #expect(smallest == [3, 17])
        #expect(tries < 80)
    }

    @Test("what fails without any fault shrinks to none, in one try")
    func none() {
        let (smallest, tries) = shrink([1, 2, 3]) { _ in true }
        #expect(smallest == [])
        #expect(tries == 1)
    }

    @Test("elements become simpler as long as it still fails")
    func simpler() {
        let (smallest, _) = shrink([100, 7], simpler: { $0 > 1 ? [$0 / 2, $0 - 1] : [] }) { $0.contains { $0 >= 30 } }
        #expect(smallest == [30])
    }

    @Test("it stops when its tries are used up")
    func bounded() {
        let (smallest, tries) = shrink(Array(1...1000), tries: 10) { $0.count > 1 }
        #expect(tries == 10)
        #expect(smallest.count < 1000)
    }

    @Test("random sets of culprits are found exactly, each time")
    func random() {
        var generator = Xoshiro256(seed: 1)
        for _ in 0..<300 {
            var all = Array(0..<12)
            generator.shuffle(&all)
            let culprits = all.prefix(generator.below(4) + 1).sorted()
            let (smallest, _) = shrink(Array(0..<12)) { candidate in culprits.allSatisfy(candidate.contains) }
            #expect(smallest == culprits)
        }
    }
}
