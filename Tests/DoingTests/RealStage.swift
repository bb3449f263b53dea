import Doing

/// Plays programs on the package.
final class RealStage: ProgramStage {
    var events: [ProgramEvent] = []
    private var doers: [String: Doer] = [:]
    private var order: [String] = []
    private var doist: Doist!
    /// The first invariant of the scheduler that did not hold after a step.
    private var fault: String?

    static func play(_ program: Program) throws -> ProgramOutcome {
        let stage = RealStage()
        return try stage.play(program)
    }

    private func make(_ program: Program, limit: Double?, pace: FakePace? = nil) throws {
        let tree = try program.tree.map { doers[try build($0)]! }
        doist = try Doist(
            tyme: program.tyme, tock: program.tock, limit: limit,
            onError: program.isolates ? .isolate : .failAll, skipsIdle: program.skipsIdle, pace: pace, doers: tree)
    }

    private func play(_ program: Program) throws -> ProgramOutcome {
        try make(program, limit: program.limit)
        var outcome = ProgramOutcome()
        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { outcome.errors.append("\(error)") }
        }
        if let manual = program.manual {
            attempt {
                try doist.enter()
                for actions in manual {
                    for action in actions { attempt { try perform(action) } }
                    try doist.recur()
                    check()
                }
            }
            attempt { try doist.exit() }
        } else {
            attempt { try doist.run() }
        }
        finish(&outcome)
        return outcome
    }

    private func finish(_ outcome: inout ProgramOutcome) {
        if let fault { outcome.errors.append("fault: \(fault)") }
        outcome.events = events
        outcome.tyme = doist.tyme.bitPattern
        outcome.isDone = doist.isDone
        outcome.failures = doist.failures.map {
            "\($0.path.joined(separator: "/")) \($0.context) \($0.tyme) \($0.error)"
        }
        outcome.states = ["doist \(doist.doers.map(\.name)) \(doist.deeds.map(\.name))"]
        for name in order {
            let doer = doers[name]!
            let deck = doer as? DoDoer
            let lists = "\(deck?.doers.map(\.name) ?? []) \(deck?.deeds.map(\.name) ?? [])"
            outcome.states.append("\(name) \(doer.outcome) \(doer.isDone) \(lists)")
        }
    }

    func check() {
        if fault == nil, let found = doist.findFault() { fault = "\(found), after \(events.suffix(8))" }
    }

    // MARK: - In real time

    /// Plays a program on a clock, while the host, sockets and other threads wake its doers; answers also what a
    /// recording of it holds.
    static func playInRealTime(_ program: Program) throws -> (ProgramOutcome, [DoistInput], DoistStatistics) {
        let stage = RealStage()
        let pace = FakePace(clock: 0)
        try stage.make(program, limit: program.limit ?? 20 * program.tock, pace: pace)
        var random = Xoshiro256(seed: program.seed ^ 0x7265_616C)
        pace.tick = [0.0, 0.0001, 0.002][random.below(3)]
        pace.plan = stage.makePlan(&random, until: 25 * program.tock)
        var inputs: [DoistInput] = []
        stage.doist.onInput = {
            inputs.append($0)
            if case .pass = $0 { return }
            stage.check()
        }
        stage.doist.extraPassLimit = [2, 7, 2048][random.below(3)]
        var outcome = ProgramOutcome()
        do { try stage.doist.run() } catch { outcome.errors.append("\(error)") }
        stage.finish(&outcome)
        return (outcome, inputs, stage.doist.statistics)
    }

    private func makePlan(_ random: inout Xoshiro256, until end: Double) -> [(at: Double, event: FakePace.Event)] {
        let wakers = order.map { doist.waker(for: doers[$0]!) }
        var plan: [(at: Double, event: FakePace.Event)] = []
        for _ in 0..<random.below(40) {
            let (at, name, span) = (random.unit() * end, order[random.below(order.count)], random.unit())
            let (doer, waker) = (doers[name]!, wakers[random.below(wakers.count)])
            let host: () -> Void =
                switch random.below(4) {
                case 0: { waker.wake() }
                case 1: { [unowned self] in doer.wake(by: doist.freshTyme() + span * 0.2) }
                default: { doer.wake() }
                }
            let event: FakePace.Event =
                switch random.below(3) {
                case 0: .ready([doer])
                case 1: .ready([doer, doers[order[random.below(order.count)]]!])
                default:
                    .host { [unowned self] in
                        host()
                        check()
                    }
                }
            plan.append((at, event))
        }
        return plan.sorted { $0.at < $1.at }
    }

    /// Plays what a recording holds.
    static func replay(_ program: Program, _ inputs: [DoistInput]) throws -> ProgramOutcome {
        let stage = RealStage()
        try stage.make(program, limit: nil, pace: FakePace())
        var outcome = ProgramOutcome()
        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { outcome.errors.append("\(error)") }
        }
        for input in inputs {
            let tyme: Tyme =
                switch input {
                case .enter(let tyme, _, _), .wake(_, let tyme), .exit(let tyme, _): tyme
                case .pass(let pass): pass.tyme
                }
            if stage.doist.isEntered, !stage.doist.advance(to: tyme) {
                outcome.errors.append("no way to \(tyme) from \(stage.doist.tyme)")
            }
            switch input {
            case .enter: attempt { try stage.doist.enter() }
            case .wake(let place, _): if !stage.doist.wake(at: place) { outcome.errors.append("nobody at \(place)") }
            case .pass(let pass): attempt { try stage.doist.replayPass(pass.kind) }
            case .exit: attempt { try stage.doist.exit() }
            }
            stage.check()
        }
        stage.finish(&outcome)
        return outcome
    }

    func build(_ node: Program.Node) throws -> String {
        let children = try node.children.map { doers[try build($0)]! }
        let script = Script(node, on: self)
        let doer: Doer =
            node.kind == .leaf ? try ScriptedDoer(script) : try ScriptedDoDoer(script, children)
        doer.catchUp = node.skips ? .skip : .burst
        doers[node.name] = doer
        order.append(node.name)
        return node.name
    }

    func extend(_ target: String, _ names: [String]) throws {
        let new = names.compactMap { doers[$0] }
        if target == "doist" { try doist.extend(new) } else { try (doers[target] as? DoDoer)?.extend(new) }
    }

    func remove(_ target: String, _ names: [String]) throws {
        let old = names.compactMap { doers[$0] }
        if target == "doist" { try doist.remove(old) } else { try (doers[target] as? DoDoer)?.remove(old) }
    }

    func setTock(_ name: String, _ tock: Double) { doers[name]?.tock = tock }
    func setDoistTock(_ tock: Double) { doist.tock = tock }
    func setAlways(_ name: String, _ flag: Bool) { (doers[name] as? DoDoer)?.always = flag }
    func wake(_ name: String) { doers[name]?.wake() }
}

private final class ScriptedDoer: Doer {
    private let script: Script

    init(_ script: Script) throws {
        self.script = script
        try super.init(name: script.node.name, tock: script.node.tock)
    }

    override func enter(_ tyme: Tyme) throws { if try script.enter(tyme) { finish() } }
    override func recur(_ tyme: Tyme) throws -> Recurrence {
        try script.beginRecur(tyme)
        return script.verdict(tyme)
    }
    override func clean(_ tyme: Tyme) throws { try script.end("clean", tyme) }
    override func cease(_ tyme: Tyme) throws { try script.end("cease", tyme) }
    override func abort(_ error: any Error, at tyme: Tyme) { script.abort(tyme) }
    override func exit(_ tyme: Tyme) throws { try script.end("exit", tyme) }
}

private final class ScriptedDoDoer: DoDoer {
    private let script: Script

    init(_ script: Script, _ children: [Doer]) throws {
        self.script = script
        let node = script.node
        try super.init(name: node.name, tock: node.tock, temp: nil, doers: children, always: node.always)
    }

    override func enter(_ tyme: Tyme) throws {
        if try script.enter(tyme) { finish() }
        try super.enter(tyme)
    }
    override func recur(_ tyme: Tyme) throws -> Recurrence {
        try script.beginRecur(tyme)
        let verdict = try super.recur(tyme)
        if verdict == .done || script.node.kind == .silent { return verdict }
        let own = script.verdict(tyme)
        return own == .done ? .again : own
    }
    override func clean(_ tyme: Tyme) throws { try script.end("clean", tyme) }
    override func cease(_ tyme: Tyme) throws { try script.end("cease", tyme) }
    override func abort(_ error: any Error, at tyme: Tyme) { script.abort(tyme) }
    override func exit(_ tyme: Tyme) throws {
        try script.end("exit", tyme)
        try super.exit(tyme)
    }
}
