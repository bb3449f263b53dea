/// The linear code that waits for an ``Inbox`` or a ``Promise``; CoDoing has the one kind that there is.
package protocol Waiters: AnyObject {
    /// Whether nobody waits.
    var isEmpty: Bool { get }

    /// Goes on with who has waited longest, and tells where the element lies that is for it.
    func resumeFirst(with hand: Int, _ call: StaticString)

    /// Goes on with all: there is nothing more to wait for.
    func resumeAll(_ call: StaticString)
}
