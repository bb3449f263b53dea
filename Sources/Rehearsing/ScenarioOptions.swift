import Doing

/// Values that a seed chooses for a scenario, by name, and that a user may set instead.
///
/// Each name draws from a stream of its own, so setting one option moves no other.
public struct ScenarioOptions {
    private let seed: UInt64
    private var given: [String: String]
    /// What was chosen or set so far, in the order of asking: with ``described`` enough to make the same run again.
    public private(set) var chosen: [(name: String, value: String)] = []

    init(seed: UInt64, set: [String: String]) {
        self.seed = seed
        given = set
    }

    /// A whole number in `range`, each equally likely, or the one that was set.
    ///
    /// - Throws: ``RehearsalError/badOption(name:value:allowed:)`` for one that was set and is not in `range`.
    public mutating func number(_ name: String, in range: ClosedRange<Int>) throws(RehearsalError) -> Int {
        if let text = given.removeValue(forKey: name) {
            guard let number = Int(text), range.contains(number) else {
                throw .badOption(
                    name: name, value: text, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return note(name, number)
        }
        return note(name, range.lowerBound + draw(name, below: range.count))
    }

    /// One of `values`, each equally likely, or the one that was set.
    ///
    /// - Throws: ``RehearsalError/badOption(name:value:allowed:)`` for one that was set and is none of them.
    public mutating func choice<Value: CustomStringConvertible>(
        _ name: String, of values: [Value]
    ) throws(RehearsalError) -> Value {
        precondition(!values.isEmpty, "option \(name) has nothing to choose from")
        if let text = given.removeValue(forKey: name) {
            guard let value = values.first(where: { $0.description == text }) else {
                let names = values.map(\.description).joined(separator: ", ")
                throw .badOption(name: name, value: text, allowed: names)
            }
            return note(name, value)
        }
        return note(name, values[draw(name, below: values.count)])
    }

    /// What was set and never asked for: mistyped names.
    public var unused: [String] { given.keys.sorted() }

    /// `count=3 size=200`
    public var described: String { chosen.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }

    /// What was chosen or set so far, by name.
    public var values: [String: String] {
        Dictionary(chosen.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    private func draw(_ name: String, below bound: Int) -> Int {
        var generator = Xoshiro256(seed: Rehearsal.stream(seed, "option " + name))
        return generator.below(bound)
    }

    private mutating func note<Value: CustomStringConvertible>(_ name: String, _ value: Value) -> Value {
        chosen.append((name, value.description))
        return value
    }
}
