import Doing

/// The reference model: a literal deque that every pass walks from end to end, as hio's, with our rules where they
/// differ.
///
/// Nothing parks but by a doer's own verdict, nothing is skipped, nothing is clever.
final class ModelStage: ProgramStage {
    var events: [ProgramEvent] = []
    fileprivate var tyme = 0.0
    fileprivate var tock = 0.0
    fileprivate var isolates = false
    fileprivate var failures: [String] = []
    fileprivate let root = ModelDeck(owner: nil)
    private var doers: [String: ModelDoer] = [:]
    private var order: [String] = []

    static func play(_ program: Program) throws -> ProgramOutcome {
        let stage = ModelStage()
        stage.root.stage = stage
        return try stage.play(program)
    }

    private func play(_ program: Program) throws -> ProgramOutcome {
        (tyme, tock, isolates) = (program.tyme, program.tock, program.isolates)
        root.doers = try program.tree.map { doers[try build($0)]! }
        var outcome = ProgramOutcome()
        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { outcome.errors.append("\(error)") }
        }
        func enter() throws {
            root.phase = .open
            do { try root.enterDoers() } catch {
                try? root.closeAll()
                throw error
            }
        }
        func recur() throws {
            try root.pass(tyme)
            tyme += tock
            outcome.isDone = root.deeds.isEmpty
        }
        if let manual = program.manual {
            attempt {
                try enter()
                for actions in manual {
                    for action in actions { attempt { try perform(action) } }
                    try recur()
                }
            }
            attempt { try root.closeAll() }
        } else {
            attempt {
                try enter()
                let stop = tyme + program.limit!
                do {
                    repeat { try recur() } while !outcome.isDone && tyme < stop
                } catch {
                    try? root.closeAll()
                    throw error
                }
                try root.closeAll()
            }
        }
        outcome.events = events
        outcome.tyme = tyme.bitPattern
        outcome.failures = failures
        outcome.states = ["doist \(root.doers.map(\.name)) \(root.deeds.map(\.name))"]
        for name in order {
            let doer = doers[name]!
            let lists = "\(doer.deck?.doers.map(\.name) ?? []) \(doer.deck?.deeds.map(\.name) ?? [])"
            outcome.states.append("\(name) \(doer.outcome) \(doer.isDone) \(lists)")
        }
        return outcome
    }

    func build(_ node: Program.Node) throws -> String {
        let children = try node.children.map { doers[try build($0)]! }
        doers[node.name] = ModelDoer(Script(node, on: self), children, self)
        order.append(node.name)
        return node.name
    }

    private func deck(_ target: String) -> ModelDeck? { target == "doist" ? root : doers[target]?.deck }
    func extend(_ target: String, _ names: [String]) throws {
        try deck(target)?.extend(names.compactMap { doers[$0] })
    }
    func remove(_ target: String, _ names: [String]) throws {
        try deck(target)?.remove(names.compactMap { doers[$0] })
    }
    func setTock(_ name: String, _ tock: Double) { doers[name]?.tock = tock }
    func setDoistTock(_ tock: Double) { self.tock = tock }
    func setAlways(_ name: String, _ flag: Bool) {
        guard let doer = doers[name], doer.deck != nil else { return }
        doer.always = flag
        if !flag { doer.wake() }
    }
    func wake(_ name: String) { doers[name]?.wake() }
    func check() {}
}

private final class ModelDoer {
    enum Phase { case idle, entering, active, closing }

    let script: Script
    let deck: ModelDeck?
    var tock: Double
    var always: Bool
    var phase = Phase.idle
    var owner: ModelDeck?
    var outcome = DeedReport.Outcome.notEntered
    var isDone = false
    var retyme = 0.0
    var isParked = false
    var isWakePending = false
    var isRunning: Bool { owner?.running === self }
    var name: String { script.node.name }

    init(_ script: Script, _ children: [ModelDoer], _ stage: ModelStage) {
        self.script = script
        tock = script.node.tock
        always = script.node.always
        deck = script.node.kind == .leaf ? nil : ModelDeck(owner: nil)
        deck?.owner = self
        deck?.stage = stage
        deck?.doers = children
    }

    func recur(_ tyme: Tyme) throws -> Recurrence {
        try script.beginRecur(tyme)
        guard let deck else { return script.verdict(tyme) }
        try deck.pass(tyme)
        if deck.deeds.isEmpty, !always { return .done }
        guard script.node.kind != .silent else { return .again }
        let own = script.verdict(tyme)
        return own == .done ? .again : own
    }

    func wake() {
        guard phase == .active, let owner else { return }
        if isRunning {
            isWakePending = true
            return
        }
        guard isParked else { return }
        retyme = owner.stage.tyme
        owner.wakeOwners()
    }

    /// Names from the root down.
    var path: String { (owner?.owner.map(\.path) ?? "doist") + "/" + name }
}

private final class ModelDeck {
    enum Phase { case notEntered, open, closing, ended }

    weak var owner: ModelDoer?
    unowned var stage: ModelStage!
    var phase = Phase.notEntered
    var doers: [ModelDoer] = []
    /// hio's deque; nil marks the end of the pass under way.
    var deque: [ModelDoer?] = []
    var running: ModelDoer?

    init(owner: ModelDoer?) { self.owner = owner }

    var name: String { owner?.name ?? "doist" }

    /// The deeds in place order; the deed that is running is at its place.
    var deeds: [ModelDoer] {
        guard let mark = deque.firstIndex(where: { $0 == nil }) else { return deque.map { $0! } }
        let behind = deque[(mark + 1)...].map { $0! }
        return behind + (running.map { [$0] } ?? []) + deque[..<mark].map { $0! }
    }

    func pass(_ tyme: Tyme) throws {
        deque.append(nil)
        while let doer = deque.removeFirst() {
            guard doer.retyme <= tyme else {
                deque.append(doer)
                continue
            }
            if doer.isParked { (doer.isParked, doer.retyme) = (false, tyme) }
            running = doer
            do {
                let verdict: Recurrence
                do { verdict = try doer.recur(tyme) } catch {
                    fail(doer, error, in: "recur")
                    throw error
                }
                try conclude(doer, verdict, tyme)
            } catch {
                running = nil
                if !stage.isolates {
                    let mark = deque.firstIndex { $0 == nil }!
                    deque = Array(deque[(mark + 1)...]) + Array(deque[..<mark])
                    throw error
                }
            }
            running = nil
        }
    }

    private func conclude(_ doer: ModelDoer, _ verdict: Recurrence, _ tyme: Tyme) throws {
        switch verdict {
        case .done:
            let first = endNormally(doer)
            doer.phase = .idle
            doer.owner = nil
            if let first { throw first }
        case .park(let until):
            doer.isParked = true
            doer.retyme = until
            deque.append(doer)
            running = nil
            if doer.isWakePending { doer.wake() }
        case .again:
            if doer.tock == 0 {
                doer.retyme = tyme + (owner?.tock ?? stage.tock)
            } else {
                doer.retyme += doer.tock
                if doer.script.node.skips, doer.retyme <= tyme {
                    doer.retyme += ((tyme - doer.retyme) / doer.tock).rounded(.down) * doer.tock
                    while doer.retyme <= tyme { doer.retyme += doer.tock }
                }
            }
            deque.append(doer)
        }
        doer.isWakePending = false
    }

    func wakeOwners() {
        guard let owner else { return }
        if owner.phase == .active {
            if owner.isRunning { owner.isWakePending = true } else if owner.isParked { owner.retyme = stage.tyme }
        }
        owner.owner?.wakeOwners()
    }

    func enterDoers() throws {
        for doer in doers where doers.contains(where: { $0 === doer }) {
            guard doer.phase == .idle else {
                throw ScheduleError.alreadyScheduled(doer: doer.name, scheduler: doer.owner!.name)
            }
            do { try enter(doer) } catch { if !stage.isolates { throw error } }
            if phase != .open { throw ScheduleError.ended(scheduler: name) }
        }
    }

    func extend(_ new: [ModelDoer]) throws {
        if phase == .notEntered { throw ScheduleError.notEntered(scheduler: name) }
        if phase != .open { throw ScheduleError.ended(scheduler: name) }
        for doer in new where doer.phase != .idle && doer.owner !== self {
            throw ScheduleError.alreadyScheduled(doer: doer.name, scheduler: doer.owner!.name)
        }
        var added: [ModelDoer] = []
        for doer in new where doer.phase == .idle && !doers.contains(where: { $0 === doer }) {
            do { try enter(doer) } catch {
                if !stage.isolates {
                    let back = added.filter { doer in doers.contains { $0 === doer } }
                    doers.removeAll { doer in added.contains { $0 === doer } }
                    _ = close(back)
                    throw error
                }
            }
            if phase != .open { throw ScheduleError.ended(scheduler: name) }
            doers.append(doer)
            added.append(doer)
        }
        wakeOwners()
    }

    func remove(_ old: [ModelDoer]) throws {
        let listed = old.filter { doer in doers.contains { $0 === doer } }
        doers.removeAll { doer in old.contains { $0 === doer } }
        let first = close(listed)
        if phase == .open, deeds.isEmpty { wakeOwners() }
        if let first, !stage.isolates { throw first }
    }

    func closeAll() throws {
        guard phase == .open else { return }
        phase = .closing
        var first: (any Error)?
        while let doer = deeds.last {
            let error = close([doer])
            first = first ?? error
        }
        phase = .ended
        if let first, !stage.isolates { throw first }
    }

    private func enter(_ doer: ModelDoer) throws {
        let tyme = stage.tyme
        (doer.phase, doer.owner, doer.outcome, doer.isDone) = (.entering, self, .active, false)
        (doer.retyme, doer.isParked, doer.isWakePending) = (tyme, false, false)
        doer.deck?.phase = .open
        var isFinished = false
        do {
            isFinished = try doer.script.enter(tyme)
            try doer.deck?.enterDoers()
        } catch {
            fail(doer, error, in: "enter")
            throw error
        }
        if isFinished {
            let first = endNormally(doer)
            (doer.phase, doer.owner) = (.idle, nil)
            if let first { throw first }
        } else if phase != .open {
            _ = endByForce(doer)
            throw ScheduleError.ended(scheduler: name)
        } else {
            doer.phase = .active
            deque.append(doer)
        }
    }

    /// Closes those that are in the deque, last place first.
    private func close(_ some: [ModelDoer]) -> (any Error)? {
        var first: (any Error)?
        for doer in deeds.reversed() where some.contains(where: { $0 === doer }) && doer !== running {
            guard let index = deque.firstIndex(where: { $0 === doer }) else { continue }
            deque.remove(at: index)
            let error = endByForce(doer)
            first = first ?? error
        }
        return first
    }

    private func endNormally(_ doer: ModelDoer) -> (any Error)? {
        (doer.isDone, doer.outcome) = (true, .done)
        let first = attempt(doer, "clean") { try doer.script.end("clean", stage.tyme) }
        let second = exit(doer)
        return first ?? second
    }

    private func endByForce(_ doer: ModelDoer) -> (any Error)? {
        (doer.phase, doer.outcome) = (.closing, .closed)
        let first = attempt(doer, "cease") { try doer.script.end("cease", stage.tyme) }
        let second = exit(doer)
        (doer.phase, doer.owner) = (.idle, nil)
        return first ?? second
    }

    private func fail(_ doer: ModelDoer, _ error: any Error, in context: String) {
        (doer.isDone, doer.outcome) = (false, .failed)
        note(doer, error, context)
        doer.script.abort(stage.tyme)
        _ = exit(doer)
        (doer.phase, doer.owner) = (.idle, nil)
    }

    /// The override logs, may throw, and then closes its children; they are closed in any case.
    private func exit(_ doer: ModelDoer) -> (any Error)? {
        doer.phase = .closing
        let first = attempt(doer, "exit") {
            try doer.script.end("exit", stage.tyme)
            try doer.deck?.closeAll()
        }
        do { try doer.deck?.closeAll() } catch { return first ?? error }
        return first
    }

    private func attempt(_ doer: ModelDoer, _ context: String, _ body: () throws -> Void) -> (any Error)? {
        do {
            try body()
            return nil
        } catch {
            note(doer, error, context)
            return error
        }
    }

    private func note(_ doer: ModelDoer, _ error: any Error, _ context: String) {
        stage.failures.append("\(doer.path) \(context) \(stage.tyme) \(error)")
    }
}
