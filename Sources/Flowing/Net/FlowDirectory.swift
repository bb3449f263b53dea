import Wiring

/// Where names are served: a table, and a rule for those that are not in it.
///
/// ```swift
/// let directory = FlowDirectory(["oecho": .ip4(0x7F00_0001, port: 3435)])
/// let everything = FlowDirectory { _ in peer }            // whatever the name, ask there
/// ```
public final class FlowDirectory {
    private var table: [String: Address]
    private let rule: (String) -> Address?

    /// A table, and a rule for other names; without one they are unknown.
    public init(_ table: [String: Address] = [:], rule: @escaping (String) -> Address? = { _ in nil }) {
        self.table = table
        self.rule = rule
    }

    /// Where `name` is served; nil: unknown. Set it to add, move or remove a name.
    public subscript(name: String) -> Address? {
        get { table[name] ?? rule(name) }
        set { table[name] = newValue }
    }
}
