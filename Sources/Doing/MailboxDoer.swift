/// Takes what other threads post into a mailbox, on the doist's thread: the way into a doist from a server, an actor or
/// a button.
///
/// ```swift
/// let outbox = Mailbox<String>()
/// let sender = MailboxDoer(outbox) { text, tyme in
///     try peer.core.memoit(text, to: there)
///     return .again
/// }
/// // in any other thread
/// outbox.post("hello")
/// ```
/// It parks where the mailbox is empty. A post wakes it.
public final class MailboxDoer<Message: Sendable>: Doer {
    /// What it takes from.
    public let mailbox: Mailbox<Message>
    /// The most messages that it takes in one pass; what is left comes in the next.
    public let budget: Int
    private let body: (Message, Tyme) throws -> Recurrence

    /// A doer that takes from `mailbox`.
    ///
    /// - Parameters:
    ///   - mailbox: where other threads post.
    ///   - budget: the most messages of one pass, at least 1.
    ///   - body: called with each message and the tyme. It returns `.done` to end the doer, and anything else to go on.
    ///     What it throws ends the doer.
    public init(
        _ mailbox: Mailbox<Message>, budget: Int = 256, _ body: @escaping (Message, Tyme) throws -> Recurrence
    ) {
        precondition(budget > 0, "a budget of \(budget) takes nothing")
        self.mailbox = mailbox
        self.budget = budget
        self.body = body
        super.init()
    }

    override public func enter(_ tyme: Tyme) throws { mailbox.connect(doist?.waker(for: self)) }

    override public func exit(_ tyme: Tyme) throws { mailbox.connect(nil) }

    override public func recur(_ tyme: Tyme) throws -> Recurrence {
        for _ in 0..<budget {
            guard let message = mailbox.popFirst() else { return .park(until: .infinity) }
            if case .done = try body(message, tyme) { return .done }
        }
        return .again
    }
}
