import CoDoing
import Doing

/// What happened, in order: the tests compare it whole.
final class Log: @unchecked Sendable {
    private(set) var lines: [String] = []
    func add(_ line: String) { lines.append(line) }
}

/// An async doer whose body is a closure; it writes its contexts down if it has a log for them.
///
/// The closure is handed the doer: one that is written where an actor is in force would not be `nonsending`.
final class Body: CoDoer, @unchecked Sendable {
    typealias Work = nonisolated(nonsending) (Body) async throws -> Void
    private let work: Work
    private let contexts: Log?

    init(_ name: String = "body", tock: Double = 0.0, contexts: Log? = nil, _ work: @escaping Work) {
        self.work = work
        self.contexts = contexts
        try! super.init(name: name, tock: tock)
    }

    override nonisolated(nonsending) func perform() async throws { try await work(self) }

    override func enter(_ tyme: Tyme) throws {
        try super.enter(tyme)
        contexts?.add("\(name) enter")
    }

    override func clean(_ tyme: Tyme) throws {
        contexts?.add("\(name) clean")
        try super.clean(tyme)
    }

    override func cease(_ tyme: Tyme) throws {
        contexts?.add("\(name) cease")
        try super.cease(tyme)
    }

    override func abort(_ error: any Error, at tyme: Tyme) {
        contexts?.add("\(name) abort \(error)")
        super.abort(error, at: tyme)
    }

    override func exit(_ tyme: Tyme) throws {
        try super.exit(tyme)
        contexts?.add("\(name) exit")
    }
}

/// An error without a meaning.
struct Oops: Error, Equatable {}
