import Containers

/// A deed: the scheduler's raw record of one doer.
///
/// It is allocated with the doer and freed with it, and is reached by pointer only: no reference counting and no
/// exclusivity check in a pass (both would cost several times the call itself). Only `Deck` and the doer write it.
typealias Deed = Handle<DeedState>

/// See ``Deed``.
@safe struct DeedState {
    /// In which of the deck's containers the deed stands; `never` is none that a deed can have.
    enum Place: UInt8 {
        case nowhere, ready0, ready1, heap, wheel, batch, pending, never
    }

    /// Whether and where the deed is kept as woken.
    enum Wake: UInt8 {
        case none, listed, ahead
    }

    /// Where the doer is in its life.
    enum Phase: UInt8 {
        case idle, entering, active, closing
    }

    // The first 64 bytes are all that a pass reads and writes of a deed; it has 104.

    /// The doer itself, not retained; a deck retains it while the deed is linked.
    var doer: Unmanaged<Doer>?
    /// The place as a number: greater is later.
    ///
    /// See `Deck.link`.
    var label: UInt64 = 0
    /// When it is due.
    var retyme: Tyme = 0.0
    /// The doer's own tock, 0 for every pass.
    var tock = 0.0
    /// Index in the container that `place` names.
    var slot: UInt32 = 0
    /// Index in the woken list or the ahead heap, as `wake` says.
    var wakeSlot: UInt32 = 0
    /// Which slot of the wheel, for `place` wheel.
    var wheelSlot: UInt16 = 0
    var place = Place.nowhere
    var wake = Wake.none
    var phase = Phase.idle
    var catchUp = CatchUp.burst
    /// The doer is a scheduler itself and has a `deck`.
    let isScheduler: Bool
    /// Out of the ready list until `retyme` or a wake.
    var isParked = false
    /// Parked because all its children wait, not by a verdict of the user's own.
    var isAutoParked = false
    /// Woken while it ran.
    var isWakePending = false
    /// `finish()` was called in enter.
    var isFinished = false
    var outcome = DeedReport.Outcome.notEntered
    /// Ended normally.
    var isDone = false
    /// The doer's own wish for temporary files, or nil for the scheduler's.
    var tempWish: Bool?
    /// What came of the wish at enter.
    var isTemp = false
    /// Its scheduler's list drops it when it ends.
    var isUnlistedAtEnd = false
    /// The deck that schedules it, from enter to the end of exit.
    var owner: Deck?

    /// The deck of a doer that is itself a scheduler.
    let deck: Deck?
    /// Neighbours in place order.
    var previous: Deed?
    var next: Deed?
    /// The deck in whose list of doers it stands at `listSlot`; with `listings` over 1 there are others.
    var listing: Deck?
    var listSlot: UInt32 = 0
    /// How many lists of doers hold it.
    var listings: UInt32 = 0

    init(deck: Deck?) {
        self.deck = deck
        isScheduler = deck != nil
    }
}
