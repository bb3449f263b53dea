import CoDoing
import Doing

/// A few doers that sleep, wait for ticks and send numbers to each other, by chance; written down as steps that are run
/// as linear code on the one hand and by a state machine in plain doers on the other.
struct RandomProgram {
    enum Step {
        case sleep(Double)
        case tick
        case send(to: Int, Int)
        case receive
        case receiveWithin(Double)
    }

    static let limit = 2
    let tock: Double
    let steps: [[Step]]

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        tock = [0.03125, 0.1, 0.015625][random.below(3)]
        let doers = 1 + random.below(5)
        steps = (0..<doers).map { _ in
            (0..<random.below(16)).map { _ in
                switch random.below(8) {
                case 0: .sleep(Double(random.below(4)) * 0.1)
                case 1: .sleep(random.unit() / 4)
                case 2: .tick
                case 3: .receive
                case 4: .receiveWithin(Double(random.below(3)) * 0.1)
                default: .send(to: random.below(doers), random.below(100))
                }
            }
        }
    }

    func linear(_ log: Log) -> [Doer] {
        let inboxes = steps.map { _ in Inbox<Int>(limit: Self.limit) }
        return steps.enumerated().map { number, steps in
            Body("\(number)") { _ in
                for step in steps {
                    var result = ""
                    switch step {
                    case .sleep(let seconds): try await sleep(for: seconds)
                    case .tick: try await nextTick()
                    case .send(let to, let value): result = " \(inboxes[to].send(value))"
                    case .receive: result = " \(try await inboxes[number].next())"
                    case .receiveWithin(let seconds):
                        result = " \(String(describing: try await inboxes[number].next(timeout: seconds)))"
                    }
                    log.add("\(number) \(step)\(result) at \(currentTyme)")
                }
            }
        }
    }

    func plain(_ log: Log) -> [Doer] {
        let machines = steps.enumerated().map { Machine($0, $1, log) }
        for machine in machines { machine.others = machines.map { Unowned(machine: $0) } }
        return machines
    }
}

private struct Unowned {
    unowned let machine: Machine
}

/// The same steps as a state machine, with an inbox of its own making.
private final class Machine: Doer {
    enum Wait {
        case none
        case until(Double)
        case tick(after: Double)
        case element(until: Double)
        /// An element was handed over while it waited for one.
        case handed(Int)
    }

    var others: [Unowned] = []
    private let number: Int
    private let steps: [RandomProgram.Step]
    private let log: Log
    private var next = 0
    private var wait = Wait.none
    private var elements: [Int] = []

    init(_ number: Int, _ steps: [RandomProgram.Step], _ log: Log) {
        (self.number, self.steps, self.log) = (number, steps, log)
        super.init()
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while true {
            switch wait {
            case .none:
                guard next < steps.count else { return .done }
                begin(steps[next], tyme)
            case .until(let deadline):
                guard deadline <= tyme else { return .park(until: deadline) }
                end("", tyme)
            case .tick(let start):
                guard start < tyme else { return .again }
                end("", tyme)
            case .element(let deadline):
                guard deadline <= tyme else { return .park(until: deadline) }
                end(" nil", tyme)
            case .handed(let value): end(described(value), tyme)
            }
        }
    }

    private func begin(_ step: RandomProgram.Step, _ tyme: Tyme) {
        switch step {
        case .sleep(let seconds): wait = .until(tyme + seconds)
        case .tick: wait = .tick(after: tyme)
        case .send(let to, let value): end(" \(others[to].machine.take(value))", tyme)
        case .receive: wait = elements.isEmpty ? .element(until: .infinity) : .handed(elements.removeFirst())
        case .receiveWithin(let seconds):
            wait = elements.isEmpty ? .element(until: tyme + seconds) : .handed(elements.removeFirst())
        }
    }

    private func end(_ result: String, _ tyme: Tyme) {
        log.add("\(number) \(steps[next])\(result) at \(tyme)")
        next += 1
        wait = .none
    }

    private func described(_ value: Int) -> String {
        if case .receive = steps[next] { " \(value)" } else { " Optional(\(value))" }
    }

    private func take(_ value: Int) -> Bool {
        if case .element = wait {
            wait = .handed(value)
            wake()
            return true
        }
        guard elements.count < RandomProgram.limit else { return false }
        elements.append(value)
        return true
    }
}
