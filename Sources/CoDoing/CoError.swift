import Doing

/// Why an async doer could not be run or closed as it should.
///
/// It takes the way of every error of a doer: abort and exit, the policy of the doist, `Doist.failures`.
public enum CoError: Error, Hashable, CustomStringConvertible {
    /// One slot of a pass took more than ``CoDoer/stepLimit`` steps: its tasks wake each other without end.
    case endless(doer: String, steps: Int)
    /// A cancelled task went on to wait more than ``CoDoer/stepLimit`` times in one slot.
    ///
    /// It never runs again, and its memory is lost.
    case ignoresCancellation(doer: String, steps: Int)
    /// The doer was closed while a task of it waited for something that is not the loop's, such as a bare `Task` or
    /// an actor with an executor of its own.
    ///
    /// It never runs again, and its memory is lost.
    case stillWaiting(doer: String)
    /// The closure of a ``LinearDoer`` was written where an actor is in force, and so belongs to that actor.
    case isolated(doer: String)

    public var description: String {
        switch self {
        case .endless(let doer, let steps): "\(doer) took more than \(steps) steps in one pass"
        case .ignoresCancellation(let doer, let steps): "\(doer) was cancelled and waited \(steps) times more"
        case .isolated(let doer): "the closure of \(doer) belongs to an actor: make it in a nonisolated function"
        case .stillWaiting(let doer): "\(doer) was closed but waits for something outside of its loop"
        }
    }
}
