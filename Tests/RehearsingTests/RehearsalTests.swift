import Doing
import Rehearsing
import Simming
import Testing
import Wiring

@Suite("A rehearsal")
struct RehearsalTests {
    @Test("the first datagram is lost; the retry at 1 s is acknowledged one round trip later")
    func retryDelivers() throws {
        let world = try Rehearsal(seed: 1, link: SimLink(delay: 0.25), plan: FaultPlan(parsing: "drop 1 any red>blu"))
        let (red, blu) = (world.net.host("red"), world.net.host("blu"))
        let sender = try world.peer("red", RetryCore(7, to: blu.address(port: 1), timeout: 1))
        try world.peer("blu", RetryCore(to: red.address(port: 1)))

        #expect(try world.run(until: 9) { sender.core.isAcknowledged })

        #expect(world.tyme == 1.53125)  // 1.0 + 0.25 + 0.25, and the tick that saw it
        #expect(sender.core.tries == 2)
    }

    @Test("the same seed gives the same trace, another seed another")
    func seeds() throws {
        func hash(_ seed: UInt64) throws -> String {
            let world = try Rehearsal(seed: seed, link: SimLink(delay: 0.1, jitter: 0.1, loss: 0.5))
            let (red, blu) = (world.net.host("red"), world.net.host("blu"))
            let sender = try world.peer("red", RetryCore(7, to: blu.address(port: 1)))
            try world.peer("blu", RetryCore(to: red.address(port: 1)))
            try world.run(until: 90) { sender.core.isAcknowledged }
            return world.trace.hash.description
        }
        #expect(try hash(1) == hash(1))
        #expect(Set(try (1...20).map(hash)).count > 15)
    }

    @Test("an invariant that breaks ends the run, with its name, what was found and when")
    func invariants() throws {
        let world = try Rehearsal(seed: 1)
        let (red, blu) = (world.net.host("red"), world.net.host("blu"))
        try world.peer("red", RetryCore(7, to: blu.address(port: 1)))
        let hearer = try world.peer("blu", RetryCore(to: red.address(port: 1)))
        var heard = 0
        hearer.onEvent = { _, _, _ in heard += 1 }
        world.invariant("nothing is heard") { heard == 0 ? nil : "\(heard) heard" }
        #expect(
            throws: RehearsalError.broken(invariant: "nothing is heard", what: "1 heard", tyme: 0.0625)
        ) { try world.run(until: 9) }
    }

    @Test("doers that do nothing, added at the end, do not disturb the stream")
    func idlers() throws {
        func hash(idlers: Int) throws -> String {
            let world = try Rehearsal(seed: 5, link: SimLink(delay: 0.1, jitter: 0.1, loss: 0.3))
            let (red, blu) = (world.net.host("red"), world.net.host("blu"))
            let sender = try world.peer("red", RetryCore(7, to: blu.address(port: 1)))
            try world.peer("blu", RetryCore(to: red.address(port: 1)))
            world.idlers = idlers
            try world.run(until: 90) { sender.core.isAcknowledged }
            return world.trace.hash.description
        }
        #expect(try hash(idlers: 0) == hash(idlers: 1))
        #expect(try hash(idlers: 0) == hash(idlers: 1000))
    }

    @Test("a run with a condition says whether it came about, and stops there")
    func conditions() throws {
        let world = try Rehearsal(seed: 1, tock: 0.5)
        let red = world.net.host("red")
        try world.peer("red", RetryCore(7, to: red.address(port: 9), timeout: 1))
        #expect(try !world.run(until: 3) { false })
        #expect(world.tyme == 3)
        #expect(try world.run(for: 2) { world.tyme >= 4 })
        #expect(world.tyme == 4)
    }
}
