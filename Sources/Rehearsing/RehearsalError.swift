import Doing

/// Why a rehearsal failed.
public enum RehearsalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Something that must always hold did not: its name, what was found, and when.
    case broken(invariant: String, what: String, tyme: Tyme)
    /// Something did not come about: what was expected, and when it was given up.
    case missing(what: String, tyme: Tyme)
    /// An option was set to what it cannot be: its name, the value, and what is allowed.
    case badOption(name: String, value: String, allowed: String)
    /// Options were set that the scenario does not have.
    case unknownOptions([String])
    /// Two runs of the same seed were not the same: the number of the first event that differs, and both.
    case diverged(event: Int, first: String, second: String)

    public var description: String {
        switch self {
        case .broken(let invariant, let what, let tyme): "\(invariant): \(what) (at \(tyme) s)"
        case .missing(let what, let tyme): "\(what): not until \(tyme) s"
        case .badOption(let name, let value, let allowed): "option \(name)=\(value): expected \(allowed)"
        case .unknownOptions(let names): "no such option: \(names.joined(separator: ", "))"
        case .diverged(let event, let first, let second):
            "two runs of one seed differ at event \(event):\n  first  \(first)\n  second \(second)"
        }
    }
}
