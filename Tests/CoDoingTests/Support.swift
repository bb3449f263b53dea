import CoDoing
import Doing

/// What happened, in order: the tests compare it whole.
final class Log: @unchecked Sendable {
    private(set) var lines: [String] = []
    func add(_ line: String) { lines.append(line) }
}

/// A linear doer that writes its contexts down if it has a log for them.
final class Body: LinearDoer {
    private let contexts: Log?

    init(_ name: String = "body", tock: Double = 0.0, contexts: Log? = nil, _ work: @escaping Work) {
        self.contexts = contexts
        try! super.init(name: name, tock: tock, work)
    }

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
