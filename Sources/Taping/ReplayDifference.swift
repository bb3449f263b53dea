import Doing

/// The first thing that a replay did otherwise than the recording says, and what is around it.
public struct ReplayDifference: Hashable, Sendable, CustomStringConvertible {
    /// The number of the record, from 0.
    public let record: Int
    /// How many passes had begun.
    public let pass: Int
    /// The tyme of the pass.
    public let tyme: Tyme
    /// Which source it is about, and the doer that owns it; "schedule" for passes and wakes.
    public let place: String
    /// What the recording has.
    public let recorded: String
    /// What happened instead.
    public let happened: String
    /// The index of the first byte that differs, where bytes do.
    public let firstByte: Int?
    /// The bytes around it, as recorded and as they are now, as hexadecimal rows.
    public let bytes: [String]
    /// The last records before, oldest first.
    public let before: [String]

    public var description: String {
        var lines = ["first difference: record \(record), pass \(pass), tyme \(tyme), \(place)"]
        lines.append("  recorded: \(recorded)")
        lines.append("  now:      \(happened)")
        if let firstByte { lines.append("  first differing byte: \(firstByte)") }
        lines += bytes.map { "  " + $0 }
        if !before.isEmpty { lines += ["  before:"] + before.map { "    " + $0 } }
        return lines.joined(separator: "\n")
    }
}
