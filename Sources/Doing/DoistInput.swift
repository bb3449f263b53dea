import Containers

/// Something that came to a doist from outside its doers; see ``Doist/onInput``.
///
/// Together with what doers read themselves these are all that a run depends on. ``Doist/advance(to:)``,
/// ``Doist/wake(at:)`` and ``Doist/replayPass(_:)`` play them back.
public enum DoistInput: Hashable, Sendable {
    /// The doers are about to enter; with or without a pace.
    case enter(Tyme, tock: Double, isRealTime: Bool)
    /// A pass is about to begin.
    case pass(Doist.Pass)
    /// A doer was woken outside a pass, at this tyme: by the poller, another thread, or the host.
    case wake(DeedPlace, Tyme)
    /// The exits are about to run.
    case exit(Tyme, isSignalled: Bool)
}

/// Where a deed stands: the same doers, scheduled and removed in the same order, stand in the same places in any run.
public struct DeedPlace: Hashable, Sendable {
    /// One number for each scheduler on the way down from the root, and the deed's own.
    public let labels: [UInt64]

    /// A place by its numbers.
    public init(labels: [UInt64]) { self.labels = labels }
}

extension Doist {
    /// What has to be told is known to the passes by a flag each.
    func settleInputs() {
        engine.pointee.isWatched = onPass != nil || onInput != nil
        engine.pointee.isRecorded = onInput != nil
    }

    func announce(_ kind: Doist.Pass.Kind) {
        let number = statistics.passes + statistics.extraPasses + 1
        let pass = Pass(kind: kind, number: number, tyme: tyme)
        onInput?(.pass(pass))
        onPass?(pass)
    }

    // MARK: - Playing back

    /// Ticks without passes up to `tyme`, as real time does while nothing is due, or where ticks came too late.
    ///
    /// - Returns: false if `tyme` is no tick from here, or, in simulated time, if something is due now; then nothing
    ///   has changed.
    /// - Precondition: entered, and not called by one of its doers.
    public func advance(to target: Tyme) -> Bool {
        checkIdle("advance")
        if target == tyme { return true }
        let mayPass = engine.pointee.isRealTime || root.isQuiet(at: tyme)
        guard target > tyme, target < .infinity, mayPass else { return false }
        let before = (engine.pointee.tyme, engine.pointee.lastPassTyme)
        let count = engine.pointee.advance(until: target, atMost: 1 << 32)
        guard tyme == target else {
            (engine.pointee.tyme, engine.pointee.lastPassTyme) = before
            return false
        }
        statistics.skippedTicks += UInt64(count)
        return true
    }

    /// Wakes the doer that stands at a place; false if there is none.
    ///
    /// Linear in the number of doers beside it.
    public func wake(at place: DeedPlace) -> Bool {
        var deck: Deck? = root
        var found: Deed?
        for label in place.labels {
            var next = deck?.pointee.head
            while let deed = next, deed.pointee.label != label { next = deed.pointee.next }
            guard let deed = next else { return false }
            found = deed
            deck = deed.pointee.deck
        }
        found?.wake()
        return found != nil
    }

    /// One pass of a recording: a due one ticks. What other threads ask meanwhile is left alone.
    ///
    /// - Throws: as ``recur()``.
    /// - Precondition: entered, and not called by one of its doers.
    public func replayPass(_ kind: Doist.Pass.Kind) throws {
        checkIdle("replayPass")
        try busily { try makePass(kind) }
        isDone = root.pointee.count == 0
    }
}

extension Deed {
    /// Tells a recording who is woken.
    @inline(never)
    func tellWake(_ engine: Engine) {
        guard pointee.phase == .active, let doist = unsafe engine.pointee.doist?.takeUnretainedValue() else { return }
        var labels: [UInt64] = []
        var deed: Deed? = self
        while let standing = deed {
            labels.append(standing.pointee.label)
            deed = standing.pointee.owner?.pointee.owner
        }
        doist.onInput?(.wake(DeedPlace(labels: labels.reversed()), engine.pointee.tyme))
    }
}
