import Doing

/// Plays programs on the package.
final class RealStage: ProgramStage {
    var events: [ProgramEvent] = []
    private var doers: [String: Doer] = [:]
    private var order: [String] = []
    private var doist: Doist!

    static func play(_ program: Program) throws -> ProgramOutcome {
        let stage = RealStage()
        return try stage.play(program)
    }

    private func play(_ program: Program) throws -> ProgramOutcome {
        let tree = try program.tree.map { doers[try build($0)]! }
        doist = try Doist(
            tyme: program.tyme, tock: program.tock, limit: program.limit,
            onError: program.isolates ? .isolate : .failAll, skipsIdle: program.skipsIdle, doers: tree)
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
                }
            }
            attempt { try doist.exit() }
        } else {
            attempt { try doist.run() }
        }
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
