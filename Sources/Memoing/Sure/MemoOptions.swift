import Doing

/// Which of the memos to one destination leave first.
public enum MemoPriority: Int, Hashable, Sendable, CaseIterable, Comparable {
    /// When nothing else waits for the destination.
    case low
    /// In turn with others.
    case normal
    /// Before all others. What is under way already is not called back.
    case high

    public static func < (a: MemoPriority, b: MemoPriority) -> Bool { a.rawValue < b.rawValue }
}

/// How one sure memo is sent, beside what ``SureOptions`` say of its destination.
///
/// ```swift
/// var options = MemoOptions()
/// options.key = 7          // the position of ship 7: only the latest counts
/// options.deadline = 0.5   // and only while it is fresh
/// try memoer.memoit(position, to: blu, kind: .sure, options: options)
/// ```
public struct MemoOptions: Hashable, Sendable {
    /// Seconds from now at which the memo is given up, more than 0; nil for what the destination's
    /// ``SureOptions/deadline`` says.
    public var deadline: Tyme?
    /// Which memos of the destination leave first. At most 1,023 memos overtake one that waits. Where
    /// ``SureOptions/isOrdered`` is set the order is kept, whatever is said here.
    public var priority = MemoPriority.normal
    /// What the memo is about, as a number of yours; nil for nothing of the kind.
    ///
    /// A memo to the same destination with the same key that is not over ends as ``SureOutcome/Result/superseded`` at
    /// once, whatever of it has left: only the latest of a key is sent again. If nothing of it has left, the new one
    /// takes its place in the queue, full or not. Memos of one key that take longer than the next one takes to come
    /// never arrive whole.
    public var key: UInt64?

    /// The defaults.
    public init(deadline: Tyme? = nil, priority: MemoPriority = .normal, key: UInt64? = nil) {
        self.deadline = deadline
        self.priority = priority
        self.key = key
    }

    /// Refuses values that make no sense.
    ///
    /// - Throws: ``MemoError/badOption(_:value:)``.
    public func check() throws(MemoError) {
        if let deadline, !(deadline > 0 && deadline <= 1e9) { throw .badOption("deadline", value: deadline) }
    }
}
