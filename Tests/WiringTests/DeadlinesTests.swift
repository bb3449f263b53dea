import Doing
import Testing

@testable import Wiring

@Suite("Deadlines")
struct DeadlinesTests {
    @Test("what is due comes in order of tyme, and of setting where that is equal; what is moved goes behind")
    func order() {
        var deadlines = Deadlines<String>()
        for (key, tyme) in [("a", 2.0), ("b", 1), ("c", 2), ("d", 1), ("e", 3)] { deadlines.set(key, at: tyme) }
        deadlines.set("b", at: 1)
        #expect(deadlines.first == 1 && deadlines.count == 5 && deadlines["c"] == 2)
        #expect(deadlines.popDue(at: 0.5) == nil)
        var due: [String] = []
        while let key = deadlines.popDue(at: 2) { due.append(key) }
        #expect(due == ["d", "b", "a", "c"] && deadlines.first == 3)
        let wasSet = (deadlines.cancel("e"), deadlines.cancel("e"))
        #expect(wasSet == (true, false) && deadlines.isEmpty && deadlines.first == nil)
    }

    @Test("random sets, moves and cancels do what a sorted list does", arguments: 0..<20)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var deadlines = Deadlines<Int>()
        var model: [(key: Int, tyme: Tyme, order: Int)] = []
        for step in 0..<2000 {
            let key = Int(random.next() % 50)
            switch random.next() % 4 {
            case 0, 1:
                let tyme = Tyme(random.next() % 20)
                deadlines.set(key, at: tyme)
                model.removeAll { $0.key == key }
                model.append((key, tyme, step))
            case 2:
                #expect(deadlines.cancel(key) == model.contains { $0.key == key })
                model.removeAll { $0.key == key }
            default:
                let now = Tyme(random.next() % 20)
                let first = model.filter { $0.tyme <= now }.min { ($0.tyme, $0.order) < ($1.tyme, $1.order) }
                #expect(deadlines.popDue(at: now) == first?.key)
                if let first { model.removeAll { $0.key == first.key } }
            }
            #expect(deadlines.first == model.map(\.tyme).min())
            #expect(deadlines.invariantViolation == nil)
        }
    }
}
