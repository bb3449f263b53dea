import Doing
import Testing

/// What is told of deeds.
@Suite struct DeedEventTests {
    @Test("every step of every doer is told with its path, in the order of the calls")
    func steps() throws {
        let (short, long) = (Probe("short"), Probe("long"))
        short.answer = { _ in .done }
        let inner = DoDoer(doers: [short])
        let doist = try Doist(name: "root", limit: 0.0625, doers: [inner, long])
        var lines: [String] = []
        doist.onDeed = { lines.append("\($0.tyme) \($0.path.joined(separator: "/")) \($0.step)") }
        try doist.run()
        #expect(
            lines == [
                "0.0 root/DoDoer enter", "0.0 root/DoDoer/short enter", "0.0 root/long enter",
                "0.0 root/DoDoer/short recur(Doing.Recurrence.done)", "0.0 root/DoDoer/short clean",
                "0.0 root/DoDoer/short exit", "0.0 root/DoDoer recur(Doing.Recurrence.done)",
                "0.0 root/DoDoer clean", "0.0 root/DoDoer exit", "0.0 root/long recur(Doing.Recurrence.again)",
                "0.03125 root/long recur(Doing.Recurrence.again)", "0.0625 root/long cease", "0.0625 root/long exit",
            ])
    }

    @Test("a doer that throws aborts and exits, and its recur is not told")
    func throwing() throws {
        let doer = Probe("doer")
        doer.answer = { _ in throw TymeError.tock(-1) }
        let doist = try Doist(onError: .isolate, doers: [doer])
        var steps: [DeedEvent.Step] = []
        doist.onDeed = { steps.append($0.step) }
        try doist.run()
        #expect(steps == [.enter, .abort, .exit])
    }

    @Test("who stops listening is told no more, and the schedule is the same")
    func stops() throws {
        let doer = Probe("doer")
        let doist = Doist([doer])
        var count = 0
        doist.onDeed = { _ in count += 1 }
        try doist.enter()
        try doist.recur()
        doist.onDeed = nil
        try doist.recur()
        try doist.exit()
        #expect(count == 2)
        #expect(doer.tymes == [0.0, 0.03125])
    }
}
