/// A doer whose recur is a closure.
private final class ClosureDoer: Doer {
    private let body: (Tyme) throws -> Recurrence

    init(_ body: @escaping (Tyme) throws -> Recurrence) {
        self.body = body
        super.init()
    }

    init(name: String, tock: Double, temp: Bool?, _ body: @escaping (Tyme) throws -> Recurrence) throws(TymeError) {
        self.body = body
        try super.init(name: name, tock: tock, temp: temp)
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence { try body(tyme) }
}

/// A doer from one step: `body` is its recur.
public func doify(_ body: @escaping (Tyme) throws -> Recurrence) -> Doer { ClosureDoer(body) }

/// A named doer from one step: `body` is its recur.
///
/// - Throws: ``TymeError/tock(_:)`` unless `tock` is finite and not negative.
/// - Source: hio `doify` (`base/doing.py`), for bodies of one step.
public func doify(
    name: String, tock: Double = 0.0, temp: Bool? = nil, _ body: @escaping (Tyme) throws -> Recurrence
) throws(TymeError) -> Doer {
    try ClosureDoer(name: name, tock: tock, temp: temp, body)
}
