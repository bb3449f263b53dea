import Containers

/// What all decks of one doist share: its clock and its ways.
///
/// In raw memory, so that a pass reads it without checks.
typealias Engine = Handle<EngineState>

/// See ``Engine``.
@safe struct EngineState {
    /// The clock.
    var clock: Tymist
    /// The tyme of the last pass, or of the last tick that was skipped.
    var lastPassTyme: Tyme
    /// The doist itself, which outlives every use of this.
    var doist: Unmanaged<Doist>?
    let isTemp: Bool
    let isolates: Bool
    /// A pace is set: extra passes may come, so wakes of doers that are not parked are kept.
    var isRealTime = false
    /// The pass under way is an extra one.
    var isExtra = false
    /// A run in real time sleeps, in its pace or in its host: who changes something from outside ends that by a kick.
    var isAsleep = false
    /// Enter, a pass or exit is under way; a second one inside it is a programmer's error.
    var isBusy = false
    /// Each recur is timed, to name slow doers, or told.
    var isProfiling = false
    /// Each step of each deed is told.
    var isTold = false
    /// Someone wants to know of each pass.
    var isWatched = false
    /// Someone wants to know of each wake from outside a pass.
    var isRecorded = false
    /// The last pass left no deeds.
    var isDone = false
    /// What is known of many ticks at once.
    var stride = Stride()
    /// What the doist counts; here because every pass does.
    var statistics = DoistStatistics()

    var tyme: Tyme {
        @inline(__always) get { clock.tyme }
        @inline(__always) set { clock.tyme = newValue }
    }

    var tock: Double {
        @inline(__always) get { clock.step }
    }
}

extension Engine {
    /// Lets a sleeping doist know that its owner has changed something; one kick a sleep.
    @inline(__always)
    func kickIfAsleep() {
        if _slowPath(pointee.isAsleep) { kick() }
    }

    /// The owner adds or removes doers: between passes in real time they shall see the tyme of now.
    func heedOwner() {
        guard pointee.isRealTime, !pointee.isBusy, let doist = unsafe pointee.doist?.takeUnretainedValue() else {
            return
        }
        doist.freshen()
        kickIfAsleep()
    }

    @inline(never)
    private func kick() {
        pointee.isAsleep = false
        unsafe pointee.doist?.takeUnretainedValue().pace?.kicker.kick()
    }
}
