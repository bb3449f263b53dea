/// A call on a scheduler that cannot be carried out.
///
/// The call then has changed nothing.
public enum ScheduleError: Error, Hashable, CustomStringConvertible {
    /// The scheduler of this name has not entered, so nothing can be added to it.
    case notEntered(scheduler: String)
    /// The scheduler of this name has ended or is being closed, so nothing can be added to it.
    case ended(scheduler: String)
    /// The doer is scheduled already, by the scheduler named.
    case alreadyScheduled(doer: String, scheduler: String)
    /// Nothing can ever become due: every doer is parked for ever, or the tock is 0, and neither a limit nor a pace can
    /// end the run.
    case stalled(tyme: Tyme, deeds: Int)
    /// A turn was asked of a doist without a ``Doist/pace``.
    case noPace(scheduler: String)
    /// A pace came when the scheduler had entered without it.
    case alreadyEntered(scheduler: String)
    /// The doer waits for a descriptor, as of a real socket, and the run has no pace that could tell it.
    case needsPace(doer: String, scheduler: String)

    public var description: String {
        switch self {
        case .notEntered(let scheduler): "\(scheduler) has not entered"
        case .ended(let scheduler): "\(scheduler) has ended"
        case .alreadyScheduled(let doer, let scheduler): "\(doer) is scheduled by \(scheduler) already"
        case .stalled(let tyme, let deeds): "nothing can become due after \(tyme) s; \(deeds) deeds wait for ever"
        case .noPace(let scheduler): "\(scheduler) has no pace, so no clock to turn by"
        case .alreadyEntered(let scheduler):
            "\(scheduler) entered without this pace: set it before enter(), or let run(pace:) enter"
        case .needsPace(let doer, let scheduler):
            "\(doer) has a real socket, and \(scheduler) runs in simulated time: run it with a pace: run(pace: .real)"
        }
    }
}
