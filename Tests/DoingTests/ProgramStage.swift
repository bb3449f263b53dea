import Doing

/// What the scripted doers throw.
struct ScriptError: Error, CustomStringConvertible {
    var name: String
    var context: String
    var description: String { "\(name) in \(context)" }
}

/// Something that happened in a program.
struct ProgramEvent: Equatable, CustomStringConvertible {
    var name: String
    var context: String
    var tyme: UInt64
    var count: Int
    var description: String { "\(name).\(context) at \(Double(bitPattern: tyme)) (\(count))" }
}

/// All that can be compared of a program played to its end.
struct ProgramOutcome: Equatable {
    var events: [ProgramEvent] = []
    var tyme: UInt64 = 0
    var isDone = false
    var errors: [String] = []
    var failures: [String] = []
    /// For each doer and scheduler: outcome, done, doers, deeds, next tyme.
    var states: [String] = []

    /// The first thing that differs, or nil.
    func difference(from model: ProgramOutcome) -> String? {
        for index in 0..<max(events.count, model.events.count) {
            let ours = index < events.count ? events[index].description : "nothing"
            let theirs = index < model.events.count ? model.events[index].description : "nothing"
            guard ours != theirs else { continue }
            let before = events[max(0, index - 24)..<min(index, events.count)].map(\.description)
            return "after \(before.joined(separator: ", "))\nevent \(index) is \(ours), the model has \(theirs)"
        }
        if tyme != model.tyme { return "tyme is \(Double(bitPattern: tyme)), not \(Double(bitPattern: model.tyme))" }
        if isDone != model.isDone { return "isDone is \(isDone)" }
        if errors != model.errors { return "errors are \(errors), not \(model.errors)" }
        if failures != model.failures { return "failures are \(failures), not \(model.failures)" }
        for (ours, theirs) in zip(states, model.states) where ours != theirs { return "\(ours), not \(theirs)" }
        return states.count == model.states.count ? nil : "\(states.count) states, not \(model.states.count)"
    }
}

/// A scheduler that scripts act upon: the package or the model.
protocol ProgramStage: AnyObject {
    var events: [ProgramEvent] { get set }
    func build(_ node: Program.Node) throws -> String
    func extend(_ target: String, _ names: [String]) throws
    func remove(_ target: String, _ names: [String]) throws
    func setTock(_ name: String, _ tock: Double)
    func setDoistTock(_ tock: Double)
    func setAlways(_ name: String, _ flag: Bool)
    func wake(_ name: String)
    /// Looks whether the scheduler is in order.
    func check()
}

extension ProgramStage {
    func perform(_ action: Program.Action) throws {
        defer { check() }
        switch action {
        case .extend(let target, let nodes): try extend(target, nodes.map { try build($0) })
        case .extendNamed(let target, let names): try extend(target, names)
        case .remove(let target, let names): try remove(target, names)
        case .tock(let name, let tock): setTock(name, tock)
        case .doistTock(let tock): setDoistTock(tock)
        case .always(let name, let flag): setAlways(name, flag)
        case .wake(let name): wake(name)
        }
    }
}

/// The script of one doer being played: the same code for the package and the model.
final class Script {
    let node: Program.Node
    private unowned let stage: any ProgramStage
    private var count = 0
    private var recurs = 0

    init(_ node: Program.Node, on stage: any ProgramStage) {
        self.node = node
        self.stage = stage
    }

    /// Answers whether it is done already.
    func enter(_ tyme: Tyme) throws -> Bool {
        (count, recurs) = (0, 0)
        log("enter", tyme)
        try act("enter")
        return node.doneInEnter
    }

    func beginRecur(_ tyme: Tyme) throws {
        recurs += 1
        if node.kind != .silent {
            count += 1
            log("recur", tyme)
        }
        if node.throwing["recur"] == recurs { throw ScriptError(name: node.name, context: "recur") }
        // A silent dodoer is called as often as its scheduler likes, so it does nothing that could be seen.
        guard node.kind != .silent else { return }
        for action in node.steps[recurs] ?? [] { try stage.perform(action) }
    }

    func verdict(_ tyme: Tyme) -> Recurrence {
        if let stop = node.stop, recurs >= stop { return .done }
        if let span = node.parks[recurs] { return .park(until: tyme + span) }
        return .again
    }

    func end(_ context: String, _ tyme: Tyme) throws {
        count += 1
        log(context, tyme)
        try act(context)
    }

    func abort(_ tyme: Tyme) {
        count += 1
        log("abort", tyme)
        try? act("abort")
    }

    private func act(_ context: String) throws {
        if node.throwing[context] != nil { throw ScriptError(name: node.name, context: context) }
        for action in node.asides[context] ?? [] { try stage.perform(action) }
    }

    private func log(_ context: String, _ tyme: Tyme) {
        stage.events.append(
            ProgramEvent(name: node.name, context: context, tyme: tyme.bitPattern, count: count))
    }
}
