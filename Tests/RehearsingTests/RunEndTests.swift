import Doing
import Rehearsing
import Simming
import Testing

@Suite("The end of a rehearsal's run")
struct RunEndTests {
    @Test("a tock of 0, with which no run would end, is refused as one that is no number is", arguments: [0, -1, .nan])
    func tock(tock: Double) throws {
        let error = #expect(throws: TymeError.self) { try Rehearsal(seed: 1, tock: tock) }
        #expect(error.map { "\($0)".hasPrefix("tock is ") } == true)
    }

    @Test("what must hold and what is waited for are looked at there, although its last ticks were jumped")
    func jumped() throws {
        let world = try Rehearsal(seed: 1, tock: 0.5)
        try world.add(doify { tyme in .park(until: tyme + 100) })
        #expect(try world.run(until: 3) { world.tyme >= 3 })
        #expect(try !world.run(until: 4) { world.tyme > 4 })
        world.invariant("it is early") { world.tyme < 6.5 ? nil : "it is late" }
        try world.run(until: 5.5)
        #expect(throws: RehearsalError.broken(invariant: "it is early", what: "it is late", tyme: 7)) {
            try world.run(until: 7)
        }
    }
}
