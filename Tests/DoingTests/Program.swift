import Doing

/// A random program: a tree of doers with scripts, and what the host does between passes.
///
/// It is data, so that the package and the reference model can both play it and a failure can be printed.
struct Program: CustomStringConvertible {
    enum Kind: String {
        case leaf
        /// A dodoer that logs each recur and never parks.
        case loud
        /// A dodoer with the recur of the package, which parks when it may; it does not log recur.
        case silent
        /// A dodoer that parks by verdicts of its own, whatever its children want.
        case parking
    }

    struct Node: CustomStringConvertible {
        var name: String
        var kind = Kind.leaf
        var tock = 0.0
        var always = false
        var children: [Node] = []
        var doneInEnter = false
        var skips = false
        /// Number of the recur that is done, nil for never.
        var stop: Int?
        /// Contexts that throw; for recur the number of the recur.
        var throwing: [String: Int] = [:]
        /// Park verdicts by number of the recur, in seconds from then; infinite is for ever.
        var parks: [Int: Double] = [:]
        /// What it does: by number of the recur, and by other context.
        var steps: [Int: [Action]] = [:]
        var asides: [String: [Action]] = [:]

        var description: String {
            var text = "\(name):\(kind.rawValue) tock \(tock)"
            if always { text += " always" }
            if doneInEnter { text += " done-in-enter" }
            if skips { text += " skips" }
            if let stop { text += " stop \(stop)" }
            for (context, number) in throwing.sorted(by: { $0.key < $1.key }) { text += " throws-\(context)@\(number)" }
            for (number, span) in parks.sorted(by: { $0.key < $1.key }) { text += " park@\(number)+\(span)" }
            for (number, actions) in steps.sorted(by: { $0.key < $1.key }) { text += " @\(number)\(actions)" }
            for (context, actions) in asides.sorted(by: { $0.key < $1.key }) { text += " in-\(context)\(actions)" }
            if !children.isEmpty { text += " {" + children.map(\.description).joined(separator: "; ") + "}" }
            return text
        }
    }

    indirect enum Action: CustomStringConvertible {
        case extend(String, [Node])
        case extendNamed(String, [String])
        case remove(String, [String])
        case tock(String, Double)
        case doistTock(Double)
        case always(String, Bool)
        case wake(String)

        var description: String {
            switch self {
            case .extend(let target, let nodes): "extend \(target) \(nodes)"
            case .extendNamed(let target, let names): "extend-named \(target) \(names)"
            case .remove(let target, let names): "remove \(target) \(names)"
            case .tock(let name, let tock): "tock \(name) \(tock)"
            case .doistTock(let tock): "doist-tock \(tock)"
            case .always(let name, let flag): "always \(name) \(flag)"
            case .wake(let name): "wake \(name)"
            }
        }
    }

    var seed: UInt64
    var tyme = 0.0
    var tock = 0.03125
    var limit: Double?
    /// Stepping by hand: what the host does before each pass.
    ///
    /// Nil: a run.
    var manual: [[Action]]?
    var isolates = false
    var skipsIdle = true
    var tree: [Node] = []

    var description: String {
        var text = "seed \(seed): tyme \(tyme) tock \(tock) limit \(limit ?? 0)"
        text += isolates ? " isolate" : " failAll"
        text += skipsIdle ? " skips idle" : " ticks all"
        for node in tree { text += "\n  \(node)" }
        for (pass, actions) in (manual ?? []).enumerated() { text += "\n  pass \(pass): \(actions)" }
        return text
    }
}

/// Draws programs.
struct ProgramMaker {
    private var random: Xoshiro256
    private var names = 0
    private var dodoers: [String] = []
    private var isolates = false

    static func make(seed: UInt64) -> Program {
        var maker = ProgramMaker(random: Xoshiro256(seed: seed))
        return maker.make(seed)
    }

    private init(random: Xoshiro256) { self.random = random }

    private mutating func make(_ seed: UInt64) -> Program {
        var program = Program(seed: seed)
        program.tock = pick([0.03125, 0.03125, 0.015625, 0.1])
        program.tyme = pick([0.0, 0.0, 0.0, 10.5, 0.7])
        program.isolates = chance(40)
        isolates = program.isolates
        program.skipsIdle = chance(60)
        for _ in 0..<(1 + random.below(5)) { program.tree.append(node(depth: 0)) }
        let passes = 6 + random.below(30)
        if chance(60) {
            program.limit = Double(passes) * program.tock
        } else {
            program.manual = []
            for _ in 0..<passes { program.manual!.append(chance(15) ? actions() : []) }
        }
        return program
    }

    private mutating func chance(_ percent: Int) -> Bool { random.below(100) < percent }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[random.below(values.count)] }

    private mutating func node(depth: Int) -> Program.Node {
        var node = Program.Node(name: "n\(names)")
        names += 1
        node.tock = chance(55) ? 0.0 : pick([0.03125, 0.015625, 0.1, 0.05, 0.3, 0.0625, 0.25, 0.2])
        node.skips = chance(15)
        node.doneInEnter = chance(4)
        if depth < 3, names < 30, chance(depth == 0 ? 45 : 30) {
            node.kind = pick([.loud, .silent, .silent, .silent, .parking])
            if node.kind == .silent, chance(60) { node.tock = 0.0 }
            node.always = chance(25)
            dodoers.append(node.name)
            for _ in 0..<random.below(5) { node.children.append(self.node(depth: depth + 1)) }
        }
        node.stop = node.kind == .leaf && chance(60) ? 1 + random.below(12) : nil
        for number in 1...12 where chance(node.kind == .leaf || node.kind == .parking ? 18 : 0) {
            node.parks[number] = pick([0.0, 0.03125, 0.0625, 0.1, 0.2, 0.35, 0.5, .infinity, .infinity])
            // Never what super offers: such a park would be one on behalf of the children.
            if node.kind == .parking { node.parks[number] = min(node.parks[number]! + 1e-7, 1e9) }
        }
        for context in ["enter", "clean", "cease", "exit"] where chance(isolates ? 4 : 2) {
            node.throwing[context] = 1
        }
        // How often a silent dodoer recurs cannot be seen.
        if node.kind != .silent, chance(isolates ? 12 : 3) { node.throwing["recur"] = 1 + random.below(8) }
        for number in 1...10 where chance(12) { node.steps[number] = actions() }
        for context in ["enter", "clean", "cease", "exit", "abort"] where chance(3) { node.asides[context] = actions() }
        return node
    }

    private mutating func actions() -> [Program.Action] { (0..<(1 + random.below(2))).map { _ in action() } }

    private mutating func action() -> Program.Action {
        switch random.below(20) {
        case 0...3 where names < 40:
            return .extend(scheduler(), (0..<(1 + random.below(3))).map { _ in node(depth: 2) })
        case 4: return .extendNamed(scheduler(), someNames())
        case 5...8: return .remove(scheduler(), someNames())
        case 9...10: return .tock(someName(), pick([0.0, 0.0, 0.03125, 0.1, 0.015625, 0.25]))
        case 11...12: return .doistTock(pick([0.03125, 0.015625, 0.1, 0.0625, 0.05]))
        case 13...14: return .always(scheduler(), chance(50))
        default: return .wake(someName())
        }
    }

    private mutating func scheduler() -> String {
        dodoers.isEmpty || chance(35) ? "doist" : pick(dodoers)
    }

    private mutating func someName() -> String { "n\(random.below(max(names, 1)))" }

    private mutating func someNames() -> [String] { (0..<(1 + random.below(3))).map { _ in someName() } }
}
