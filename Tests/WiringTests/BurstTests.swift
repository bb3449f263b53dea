import Testing
import Wiring

@Suite struct BurstTests {
    @Test("a burst that is lent cannot be lent again")
    func twice() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let burst = Burst()
            burst.lend { _ in burst.lend { _ in } }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("lent twice at a time"), "\(text)")
    }

    @Test("a part of a burst is lent as long as asked, and the whole again afterwards")
    func part() {
        let burst = Burst(capacity: 100)
        #expect(burst.lend(10) { $0.freeCapacity } == 10)
        #expect(burst.lend { $0.freeCapacity } == 100)
    }

    @Test("a burst can be lent again after a body that threw")
    func thrown() {
        struct Oops: Error {}
        let burst = Burst()
        #expect(throws: Oops.self) { try burst.lend { _ throws(Oops) in throw Oops() } }
        #expect(burst.lend { $0.byteCount } == 0)
    }
}
