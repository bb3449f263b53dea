/// An ``Inbox`` was closed, and it is empty.
public struct InboxClosed: Error, Hashable {
    /// The error.
    public init() {}
}
