import Containers

/// Something that a scheduler did with a doer; see ``Doist/onDeed``.
public struct DeedEvent {
    /// What was called.
    public enum Step: Hashable, Sendable {
        /// It is about to enter.
        case enter
        /// It has recurred, and this is its verdict.
        case recur(Recurrence)
        /// It is about to clean: it has come to its own end.
        case clean
        /// It is about to cease: it is closed by force.
        case cease
        /// It has thrown and is about to abort.
        case abort
        /// It is about to exit.
        case exit
    }

    /// What was called.
    public let step: Step
    /// Whose.
    public let doer: Doer
    /// Names from the doist down to the doer.
    public let path: [String]
    /// When.
    public let tyme: Tyme
}

extension Doist {
    /// Whether every step of every deed is told, or timed: the passes then go their long way.
    func settleWatching() {
        engine.pointee.isTold = onDeed != nil
        engine.pointee.isProfiling = isProfiling && pace != nil || onDeed != nil
    }

    func tell(_ step: DeedEvent.Step, of deed: Deed) {
        onDeed?(DeedEvent(step: step, doer: deed.doer, path: deed.path(under: self), tyme: tyme))
    }
}

extension Deck {
    /// Tells of a step, if anyone wants to know.
    @inline(__always)
    func tell(_ step: DeedEvent.Step, of deed: Deed, _ engine: Engine) {
        guard _slowPath(engine.pointee.isTold) else { return }
        unsafe engine.pointee.doist?.takeUnretainedValue().tell(step, of: deed)
    }
}
