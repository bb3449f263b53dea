import Containers

/// The deck of a scheduler: its deeds in place order, and which of them a pass must look at.
///
/// Raw memory like ``Deed``; it is allocated and freed with its ``Doist`` or ``DoDoer``.
typealias Deck = Handle<DeckState>

/// See ``Deck``.
///
/// A linked deed stands in at most one container: `upcoming` (to be looked at in the next pass), `current` (in the pass
/// under way), `batch` (the same, out of turn), `timers` (due at its retyme), `pending` (next pass, out of order), or
/// in none (parked until woken). Besides it may be listed as woken, or be `ahead` in the pass under way. So a pass
/// costs what is due, not what exists.
@safe struct DeckState {
    /// The life of a deck.
    enum Phase: UInt8 {
        case notEntered, open, closing, ended
    }

    /// The deed of the dodoer whose deck this is, nil at the root.
    let owner: Deed?
    /// Set while entered.
    var engine: Engine?
    /// Where ``Deck/tock`` stands, from enter on: every verdict reads it.
    var tockField: UnsafePointer<Double>?
    var phase = Phase.notEntered

    /// First and last in place order, and how many.
    var head: Deed?
    var tail: Deed?
    var count = 0

    /// The deed whose recur, or end, is on the stack.
    var running: Deed?
    /// Deeds that the next pass looks at, in place order, and the name of that container on the deeds.
    var upcoming = DeedBuffer()
    var upcomingPlace = DeedState.Place.ready0
    /// The same of the pass under way.
    var current = DeedBuffer()
    var currentPlace = DeedState.Place.ready1
    /// `currentPlace` while the pass leaves ready deeds where they stand, so that `current` will be `upcoming` again;
    /// `never` from the moment a deed has to come between two of them.
    var keepPlace = DeedState.Place.never
    /// How far the pass has come in `current`; kept up to date only where it runs deeds that are not from there.
    var cursor = 0
    /// Deeds by retyme.
    var timers = TimerQueue()
    /// Deeds that the pass under way has to run beside `current`, as known when it began.
    var batch = DeedBatch()
    /// Deeds that were woken ahead of the pass under way, by label.
    var ahead = DeedHeap<AheadIndex>()
    /// The least label in `batch` and `ahead`, or less; the greatest number if there is none.
    var rival = UInt64.max
    /// Deeds woken for a later pass.
    var woken = DeedBuffer()
    /// Deeds for the next pass that came out of order.
    var pending = DeedBuffer()
    /// The tyme of the last pass, also of the one under way, and of the pass before that.
    ///
    /// While the owner is parked for the deeds here, the passes that it leaves out do not show; when that ends they are
    /// made good.
    var lastPass = Tyme.nan
    var lastPassButOne = Tyme.nan
    /// The park that the last pass of a dodoer offered; a recur that answers it parks on behalf of its children.
    var offer = Tyme.nan
    /// How many deeds are parked on behalf of their children.
    var autoParked = 0

    /// The scheduler's list of doers in order, with holes, and how many it holds.
    var doers: ContiguousArray<Doer?> = []
    var listed = 0

    init(owner: Deed?) { self.owner = owner }
}

extension Deck {
    /// A deck for a doist (nil) or a dodoer.
    static func make(owner: Deed?) -> Deck {
        let deck = Deck.allocate()
        deck.initialize(to: DeckState(owner: owner))
        return deck
    }

    /// Lets go of all doers without calling them, and of the memory.
    func destroy() {
        abandon()
        for doer in pointee.doers {
            guard let deed = doer?.deed else { continue }
            deed.pointee.listings -= 1
            if deed.pointee.listing == self { deed.pointee.listing = nil }
        }
        free()
    }

    /// What the scheduler is called.
    var name: String {
        if let owner = pointee.owner { return owner.doer.name }
        return unsafe pointee.engine?.pointee.doist?.takeUnretainedValue().name ?? "doist"
    }

    /// What is added to the tyme for a doer whose own tock is 0: the doist's tock, or the dodoer's own.
    @inline(__always)
    var tock: Double { unsafe pointee.tockField.unsafelyUnwrapped.pointee }

    /// Finds where ``tock`` stands.
    func findTock() -> UnsafePointer<Double> {
        let (base, offset) =
            if let owner = pointee.owner {
                unsafe (UnsafeRawPointer(owner.address), MemoryLayout<DeedState>.offset(of: \.tock)!)
            } else {
                unsafe (UnsafeRawPointer(pointee.engine!.address), MemoryLayout<EngineState>.offset(of: \.clock.step)!)
            }
        return unsafe (base + offset).assumingMemoryBound(to: Double.self)
    }

    /// Whether the deck gets a pass every tick, so that its owner may park without anyone seeing a difference.
    var isPassedEveryTick: Bool {
        var owner = pointee.owner
        while let deed = owner {
            guard deed.pointee.tock == 0 else { return false }
            owner = deed.pointee.owner?.pointee.owner
        }
        return true
    }

    /// Whether the next pass has something to look at whatever its tyme.
    var hasReady: Bool {
        pointee.upcoming.live | pointee.pending.live | pointee.woken.live != 0
    }

    /// Whether the owner has to look into the deck in the next pass, whatever its tyme.
    ///
    /// In real time not for woken deeds alone: they wake their owner, for an extra pass.
    var keepsOwner: Bool {
        unsafe pointee.upcoming.live | pointee.pending.live != 0
            || pointee.woken.live != 0 && !pointee.engine.unsafelyUnwrapped.pointee.isRealTime
    }

    /// The tyme of the first timer, infinite if there is none.
    var firstTimer: Tyme { pointee.timers.first() }

    /// Whether a pass at `tyme` has nothing to do at all, as far as that can be told in a few loads.
    @inline(__always)
    func isIdle(at tyme: Tyme) -> Bool {
        pointee.upcoming.count | pointee.woken.count | pointee.pending.count == 0 && pointee.count > 0
            && pointee.timers.isQuiet(at: tyme)
    }

    /// What a pass notes of its tyme.
    @inline(__always)
    func notePass(at tyme: Tyme) {
        pointee.lastPassButOne = pointee.lastPass
        pointee.lastPass = tyme
    }

    /// Looks up `rival` anew.
    func findRival() {
        let label = pointee.batch.nextLabel
        pointee.rival = pointee.ahead.isEmpty ? label : Swift.min(label, pointee.ahead.first.key)
    }
}
