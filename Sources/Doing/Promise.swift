/// A result that comes later: whoever begins something hands it out, whoever ends it resolves it.
///
/// A plain doer looks at ``value``, or makes itself the ``waker`` and parks; linear code of CoDoing awaits `get()`. It
/// belongs to the doist's thread, so it is not Sendable.
///
/// ```swift
/// let receipt = Promise<Receipt>()
/// receipt.waker = self                 // in enter or recur of a doer, which then parks
/// if let value = receipt.value { … }   // when it is woken
/// ```
/// For a failure take a `Result` as the value.
public final class Promise<Value> {
    /// What it was resolved with; nil until then.
    public private(set) var value: Value?
    /// The doer that is woken when it is resolved.
    public weak var waker: Doer?
    /// The linear code that waits for it.
    package var waiters: (any Waiters)?

    /// A promise that is not resolved yet.
    public init() {}

    /// Whether there is a value.
    public var isResolved: Bool { value != nil }

    /// Sets the value, and wakes whoever waits for it; the first one wins.
    ///
    /// - Returns: false if it was resolved before; then nothing has changed.
    @discardableResult
    public func resolve(_ value: Value) -> Bool {
        guard self.value == nil else { return false }
        self.value = value
        waiters?.resumeAll("Promise.resolve(_:)")
        waker?.wake()
        return true
    }
}
