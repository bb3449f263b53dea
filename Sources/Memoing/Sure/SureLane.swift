import Containers
import Wiring

/// A gram of a memo in a queue, which outlives the memo.
struct GramRef {
    var row: Int32
    var gram: Int32
    var serial: UInt64
    /// When it was sent last, and how often.
    var sentAt: Micros
    var tries: Int32
}

/// A destination of sure memos: what waits for it, what is under way, and what is known of the way.
///
/// What it is asked all the time is inlined, or ``LaneTimes``'s to answer: a call on an element of an array would copy
/// the lane, arrays and all.
struct SureLane {
    let address: Address
    var options: SureOptions
    /// The options were given for it.
    var isKept = false
    var controller: Controller
    var roundTrip: RoundTrip
    var pacer = Pacer()
    /// The window or the pacer, and not a lack of grams, was what ended the sending last: then the window is in use,
    /// whatever is under way (RFC 9002 §7.8).
    var isHeldBack = false
    var log = TransmissionLog()
    var detector = LossDetector()
    /// Memos with grams that were never sent, in turn.
    var fresh = FreshMemos()
    /// Grams to be sent again.
    var lost = Fifo<GramRef>()
    /// Memos that wait for credit.
    var parked: [GramRef] = []
    /// Grams sent and neither acknowledged nor lost.
    var inFlight = 0
    /// Losses that may be repeated now: as many as grams have left the way (RFC 6937).
    var allowance = 0
    /// Grams that a timer has taken from under way and that may leave although the window is full: without them nothing
    /// would open a window again that has shrunk below what is under way (RFC 9002 §7.5).
    var probes = 0
    /// How much is lost.
    var loss = LossRate()
    /// Grams sent of memos that are over, and heard of them there; halved now and then.
    private var sentThere = 0
    private var heardThere = 0
    /// Timers that ran out since anything was heard, all of them, and when the last did.
    var timeouts = 0
    var timers = 0
    var lastTimeout = Micros.min / 2
    var lastSent = Micros.min / 2
    /// Anything was ever acknowledged; when last, and whether the user was told that nothing is any more.
    var isHeard = false
    var heardAt = Micros.min / 2
    var isSilent = false
    /// Who signs the acks.
    var pinned: Vid?
    /// Memos that are not over, and the memos from the oldest of them on: true for each that is not.
    var unfinished = 0
    private(set) var firstOrder: UInt64 = 0
    private var open = Fifo<Bool>()
    /// Bytes of memo that are not over.
    var bytes = 0

    /// A sender starts no memo more than this after its oldest unfinished one, so that no receiver's memory of finished
    /// memos reaches one that is alive.
    static let span: UInt64 = 1024

    init(_ address: Address, _ options: SureOptions) {
        self.address = address
        self.options = options
        controller = Controller(options.control)
        roundTrip = RoundTrip(
            initial: max(1, Micros(tyme: options.patience)), isSteady: controller.repeatsOverdue)
        pinned = options.vid
    }

    /// Another controller, which starts anew.
    mutating func control(by control: SureControl) { controller = Controller(control) }

    /// The part that is lost on the way there; nil if too little is known.
    var lossThere: Double? { sentThere < 24 ? nil : Double(sentThere - heardThere) / Double(sentThere) }

    /// A memo is over: so many sendings, of which its receiver has heard so many.
    mutating func heard(_ heard: Int, of sendings: Int) {
        sentThere += sendings
        heardThere += min(heard, sendings)
        while sentThere > 4096 { (sentThere, heardThere) = (sentThere / 2, heardThere / 2) }
    }

    /// The order of a new memo.
    mutating func enroll() -> UInt64 {
        open.append(true)
        unfinished += 1
        return firstOrder &+ UInt64(open.count &- 1)
    }

    mutating func strike(_ order: UInt64) {
        open[Int(order &- firstOrder)] = false
        unfinished -= 1
        while let first = open.first, !first {
            open.removeFirst()
            firstOrder &+= 1
        }
    }

    /// Whether a memo may start.
    @inline(__always) func mayStart(_ order: UInt64) -> Bool {
        order &- firstOrder < (options.isOrdered ? 1 : SureLane.span)
    }
}

/// What decides when something of a lane is due: numbers only, taken out of the lane to be asked.
///
/// Asked in a lane that is an element of an array, each question copied the lane with all its arrays: a tenth of the
/// instructions of a round trip.
struct LaneTimes {
    let roundTrip: RoundTrip
    let detector: LossDetector
    let timeouts, steady: Int
    let lastTimeout: Micros
    let isHeard, repeatsOverdue, isThin: Bool
    /// The least step of tyme.
    let granularity: Micros

    /// How often the timer is doubled now: not for as many as loss explains, since they say nothing of the way, and one
    /// gram a round trip is no load. Where each gram has its own timer three more come at one pace.
    var doublings: Int {
        guard isHeard else { return timeouts }
        return max(0, timeouts - (isLinear ? steady : steady - Int(LossRate.leastSteady)))
    }

    /// True if each gram has a timer of its own: on a link of known rate, and where next to nothing is under way (Linux
    /// calls such a stream thin, and repeats it at one pace too).
    var isLinear: Bool { repeatsOverdue || isThin }

    /// When the timer of the oldest sending began.
    func timerStart(_ sentAt: Micros) -> Micros { isLinear && isHeard ? sentAt : max(sentAt, lastTimeout) }

    /// How long the timer runs.
    var timeout: Micros {
        roundTrip.probeTimeout(
            granularity: granularity, reorder: detector.reorder + granularity, doubled: doublings)
    }

    /// How old an overtaken sending is when it is lost.
    var lossDelay: Micros {
        guard let smoothed = roundTrip.smoothed else { return roundTrip.initial }
        return detector.delay(smoothed: smoothed, granularity: granularity)
    }

    /// Whether a later sending than the one of this order was acknowledged. On a link of known rate that may be one of
    /// the same tick: what is paced leaves a tick together and arrives together.
    func isOvertaken(_ order: UInt64, _ sentAt: Micros) -> Bool {
        detector.isOvertaken(order) || repeatsOverdue && sentAt <= detector.greatestSentAt
    }
}

extension SureOutbox {
    /// What decides when something of a lane is due.
    @inline(__always) func times(_ lane: Int) -> LaneTimes {
        LaneTimes(
            roundTrip: lanes[lane].roundTrip, detector: lanes[lane].detector, timeouts: lanes[lane].timeouts,
            steady: Int(lanes[lane].loss.steady), lastTimeout: lanes[lane].lastTimeout, isHeard: lanes[lane].isHeard,
            repeatsOverdue: lanes[lane].controller.repeatsOverdue,
            isThin: lanes[lane].inFlight < 4 && lanes[lane].lost.count < 4,
            granularity: granularity)
    }

    /// When something of a lane is due although nothing arrives, leaving pacing aside.
    func deadline(of lane: Int) -> Micros {
        guard let sentAt = lanes[lane].log.first?.sentAt else {
            guard !lanes[lane].parked.isEmpty else { return .max }
            return max(lanes[lane].lastSent, lanes[lane].lastTimeout) + times(lane).timeout
        }
        let times = times(lane)
        if times.isOvertaken(lanes[lane].log.firstOrder, sentAt) { return sentAt + times.lossDelay }
        return times.timerStart(sentAt) + times.timeout
    }
}
