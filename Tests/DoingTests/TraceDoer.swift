import Doing

/// What `raise` of a scenario throws: hio's ValueError.
struct ValueError: Error, Hashable {}

/// A scenario being played: its doist, its doers by name, and what happened.
final class TraceStage {
    var events: [TraceScenario.Event] = []
    var doers: [String: Doer] = [:]
    var order: [String] = []
    var doist: Doist!

    /// Builds the doer of a node and those below it.
    func build(_ node: TraceScenario.Node) throws -> Doer {
        let doer: Doer =
            if node.type == "dodoer" {
                try TraceDoDoer(node, on: self)
            } else {
                try TraceDoer(node, on: self)
            }
        doers[node.name] = doer
        order.append(node.name)
        return doer
    }

    func log(_ doer: Doer, _ context: String, _ tyme: Tyme, _ count: Int) {
        precondition(doer.doist?.tyme == tyme, "a context got another tyme than the doist has")
        events.append(.init(name: doer.name, context: context, tyme: tyme, count: count))
    }

    func perform(_ action: TraceScenario.Action) throws {
        switch (action.do, action.value) {
        case ("doist_tock", .tock(let tock)?):
            doist.tock = tock
        case ("always", .always(let flag)?):
            (doers[action.target] as! DoDoer).always = flag
        case ("extend", _):
            let new = try action.doers!.map { target in
                guard case .build(let node) = target else { preconditionFailure("extend by name") }
                return try build(node)
            }
            if action.target == "doist" {
                try doist.extend(new)
            } else {
                try (doers[action.target] as! DoDoer).extend(new)
            }
        case ("remove", _):
            let old = action.doers!.compactMap { target in
                guard case .name(let name) = target else { preconditionFailure("remove by node") }
                return doers[name]
            }
            if action.target == "doist" {
                try doist.remove(old)
            } else {
                try (doers[action.target] as! DoDoer).remove(old)
            }
        default:
            preconditionFailure("unknown action \(action)")
        }
    }
}

/// The recording doers of the scenarios: ex, try, fn and rec.
final class TraceDoer: Doer {
    private let node: TraceScenario.Node
    private unowned let stage: TraceStage
    private var count = 0
    private var recurs = 0

    init(_ node: TraceScenario.Node, on stage: TraceStage) throws {
        self.node = node
        self.stage = stage
        try super.init(name: node.name, tock: node.tock)
    }

    override func enter(_ tyme: Tyme) throws {
        (count, recurs) = (0, 0)
        stage.log(self, "enter", tyme, count)
        try raise("enter")
        if node.done_in_enter == true { finish() }
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        recurs += 1
        note("recur", tyme)
        try raise("recur")
        if let tock = node.tocks?["\(recurs)"] { self.tock = tock }
        for action in node.actions ?? [] where action.at == recurs { try stage.perform(action) }
        if node.result_none_at == recurs { return .again }
        switch (node.type, node.stop) {
        case ("ex", _), ("fn", _): return recurs > 3 ? .done : .again
        case ("try", let stop?): return recurs > stop ? .done : .again
        case ("rec", let stop?): return recurs >= stop ? .done : .again
        default: return .again
        }
    }

    override func clean(_ tyme: Tyme) throws {
        if node.type == "rec" { note("clean", tyme) }
        try raise("clean")
    }

    override func cease(_ tyme: Tyme) throws {
        note("cease", tyme)
        try raise("cease")
    }

    override func abort(_ error: any Error, at tyme: Tyme) { note("abort", tyme) }

    override func exit(_ tyme: Tyme) throws {
        note("exit", tyme)
        try raise("exit")
    }

    private func note(_ context: String, _ tyme: Tyme) {
        count += 1
        stage.log(self, context, tyme, count)
    }

    private func raise(_ context: String) throws {
        guard let raise = node.raise, raise.context == context else { return }
        if context != "recur" || raise.at == recurs { throw ValueError() }
    }
}

/// The recording dodoer of the scenarios, which runs every pass.
final class TraceDoDoer: DoDoer {
    private let node: TraceScenario.Node
    private unowned let stage: TraceStage
    private var count = 0
    private var recurs = 0

    init(_ node: TraceScenario.Node, on stage: TraceStage) throws {
        self.node = node
        self.stage = stage
        let children = try (node.doers ?? []).map { try stage.build($0) }
        try super.init(name: node.name, tock: node.tock, temp: nil, doers: children, always: node.always ?? false)
    }

    override func enter(_ tyme: Tyme) throws {
        (count, recurs) = (0, 0)
        stage.log(self, "enter", tyme, count)
        try raise("enter")
        try super.enter(tyme)
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        recurs += 1
        note("recur", tyme)
        try raise("recur")
        let verdict = try super.recur(tyme)
        if case .park = verdict { return .again }
        return verdict
    }

    override func clean(_ tyme: Tyme) throws {
        note("clean", tyme)
        try raise("clean")
    }

    override func cease(_ tyme: Tyme) throws {
        note("cease", tyme)
        try raise("cease")
    }

    override func abort(_ error: any Error, at tyme: Tyme) { note("abort", tyme) }

    override func exit(_ tyme: Tyme) throws {
        note("exit", tyme)
        try raise("exit")
        try super.exit(tyme)
    }

    private func note(_ context: String, _ tyme: Tyme) {
        count += 1
        stage.log(self, context, tyme, count)
    }

    private func raise(_ context: String) throws {
        guard let raise = node.raise, raise.context == context else { return }
        if context != "recur" || raise.at == recurs { throw ValueError() }
    }
}
