import Doing
import Wiring

/// Sends and receives memos over datagrams: plain and signed ones, and sure ones, which arrive or say why not.
///
/// A memoer is a value that knows no transport, no clock and no randomness but what it is handed:
///
/// ```
/// memoit -> queue -rend-> poll ... sent      handle -pick-> -fuse-> inbox
/// ```
///
/// A `CoreDoer` drives it over any transport. Memos to send go in by ``memoit(_:to:as:kind:)-([UInt8],_,_,_)``; memos
/// that arrived wait in ``inbox``, or come as ``MemoerEvent/memo(_:)`` to whoever polls events.
///
/// Nothing that arrives makes a memoer throw or trap: what is no good is dropped and counted in ``statistics``, and
/// everything kept for strangers is bounded by ``limits``. Sure memos are repeated until they are acknowledged, and
/// end with one ``MemoerEvent/outcome(_:)`` each; see <doc:SureMemos>.
///
/// - Source: hio `core/memo/memoing.py`, `Memoer`, on the wire; ``MemoerLimits`` says where it differs.
public struct Memoer: DatagramCore {
    /// What memos are sent as where it is not said.
    public let kind: MemoKind
    /// How heads are written. Both domains are understood on receive.
    public let domain: Domain
    /// The size of grams asked for; nil for ``maximum``.
    public let size: Int?
    /// Bytes of the longest datagram that the transport carries: as given, else hio's size for UDP until the transport
    /// is open, and then what it says.
    public private(set) var maximum: Int
    private let isMaximumGiven: Bool
    /// Who memos are signed as where it is not said.
    public var vid: Vid?
    /// The keys of others, and our own.
    public let keep: any Keep
    /// What signs and verifies; nil if signed memos are neither sent nor received.
    public let signer: (any Signer)?
    /// Whether unsigned grams are refused.
    public let requiresSigned: Bool
    /// The vids whose signed memos are taken; nil for all whose key is known.
    public let allowed: Set<Vid>?
    /// Whether a memo that is no strict UTF-8 is refused.
    public let isText: Bool
    /// Whether unsigned grams of senders without a name are taken. All such senders look the same.
    public let acceptsUnnamed: Bool
    /// The bounds.
    public let limits: MemoerLimits

    /// Memos that have arrived.
    public var inbox: MemoInbox
    /// Whether ``pollEvent()`` takes memos out of the inbox; if not, they wait there for ``MemoInbox/popFirst()``.
    public var tellsMemos = true
    /// Whether ``pollEvent()`` tells of every memo that was sent.
    public var reportsSent = false {
        didSet { outbox.reportsSent = reportsSent }
    }

    /// Whether sure memos that arrive are answered with acks; for one peer see ``setAckPolicy(_:for:)``.
    public var ackPolicy = AckPolicy.solicited
    var ackPolicies: [Address: AckPolicy] = [:]

    var sure: SureState

    /// Who reads memos in place; nil, the default, puts them into the inbox.
    ///
    /// The memoer keeps it alive.
    public var reader: (any MemoReader)?

    var outbox: Outbox
    var wanting = Wanting()
    var table: AssemblyTable
    var finished: Finished
    var finishedSigned: Finished
    var spares: Spares
    /// The bytes of the small memo that came alone last; its receiver may have them as well.
    var lent: [UInt8] = []
    var mids: MidMaker
    var counts = MemoerStatistics()
    var tyme: Tyme = 0
    /// The millisecond of the tyme that a mid was made at last, and that tyme.
    private var milliseconds: UInt64 = 0
    private var stamped: Tyme = 0
    let midHash, addressHash, vidHash: KeyedHash

    /// The source of the last train, its hash, its row among the peers, which is held, and the row of the memo that it
    /// went on with.
    var source = Address.none
    var sourceHash: UInt64 = 0
    var peer: Int32 = -1
    /// Whether unsigned grams of that source are taken.
    var takesUnsigned: Bool
    var current: Int32 = -1
    var recent = RecentMid()
    var top = RecentTop()

    /// A memoer for plain memos in text grams of hio's UDP size, with all defaults.
    ///
    /// - Parameter random: eight words are drawn, for mids and for the secrets of the tables.
    public init(random: some RandomSource) {
        // Defaults cannot be refused.
        try! self.init(kind: .plain, random: random)
    }

    /// A memoer.
    ///
    /// - Parameters:
    ///   - kind: what memos are sent as where it is not said.
    ///   - domain: how heads are written.
    ///   - size: bytes of a gram, raised to what one byte of memo needs; nil for `maximum`.
    ///   - maximum: bytes of the longest datagram that may be sent; nil for what the transport carries.
    ///   - vid: who memos are signed as.
    ///   - keep: keys of vids.
    ///   - signer: signs and verifies.
    ///   - requiresSigned: refuse unsigned grams.
    ///   - allowed: the vids whose signed memos are taken; nil for all whose key is known.
    ///   - isText: refuse memos that are no strict UTF-8.
    ///   - acceptsUnnamed: take unsigned grams of senders without a name.
    ///   - limits: the bounds.
    ///   - random: eight words are drawn, for mids and for the secrets of the tables.
    /// - Throws: ``MemoError/gramSizeTooLarge(size:maximum:)``, ``MemoError/badGramSize(_:)``,
    ///   ``MemoError/transportTooSmall(maximum:need:)``, or ``MemoError/badLimit(_:value:)``.
    public init(
        kind: MemoKind = .plain, domain: Domain = .text, size: Int? = nil, maximum: Int? = nil,
        vid: Vid? = nil, keep: any Keep = TableKeep(), signer: (any Signer)? = nil, requiresSigned: Bool = false,
        allowed: [Vid]? = nil, isText: Bool = false, acceptsUnnamed: Bool = false,
        limits: MemoerLimits = MemoerLimits(), random: some RandomSource
    ) throws(MemoError) {
        var random = random
        try limits.check()
        self.kind = kind
        self.domain = domain
        self.size = size
        isMaximumGiven = maximum != nil
        let maximum = maximum ?? max(GramSize.udp, size ?? 0)
        self.maximum = maximum
        self.vid = vid
        self.keep = keep
        self.signer = signer
        self.requiresSigned = requiresSigned
        self.allowed = allowed.map { Set($0) }
        self.isText = isText
        self.acceptsUnnamed = acceptsUnnamed
        self.limits = limits
        mids = MidMaker(KeyedHash(random.next(), random.next()))
        midHash = KeyedHash(random.next(), random.next())
        addressHash = KeyedHash(random.next(), random.next())
        vidHash = KeyedHash(random.next(), random.next())
        inbox = MemoInbox(limit: limits.inboxMemos, byteLimit: limits.inboxBytes)
        sure = SureState(
            outbox: SureOutbox(size: size, maximum: maximum, limits: limits), inbox: SureInbox(limits: limits))
        outbox = try Outbox(kind: kind, domain: domain, size: size, maximum: maximum, limits: limits)
        table = AssemblyTable(limits: limits)
        finished = Finished(limit: limits.finished)
        finishedSigned = Finished(limit: limits.finished)
        spares = Spares(limit: limits.spareBytes)
        takesUnsigned = !requiresSigned && acceptsUnnamed
        sourceHash = addressHash(source.tag, source.hi, source.lo)
        peer = table.peers.hold(sourceHash, host: nil, at: 0)
    }

    /// A memoer that sends signed memos as `vid` and takes nothing else: hio's `AuthMemoer`.
    ///
    /// - Throws: ``MemoError/noSeed(_:)`` unless the keep has the seed of `vid`; else as `init`.
    public static func signed(
        as vid: Vid, keep: any Keep, signer: any Signer, domain: Domain = .text, size: Int? = nil,
        maximum: Int? = nil, allowed: [Vid]? = nil, limits: MemoerLimits = MemoerLimits(),
        random: some RandomSource
    ) throws(MemoError) -> Memoer {
        guard keep.keys(of: vid)?.seed != nil else { throw .noSeed(vid) }
        return try Memoer(
            kind: .signed, domain: domain, size: size, maximum: maximum, vid: vid, keep: keep, signer: signer,
            requiresSigned: true, allowed: allowed, limits: limits, random: random)
    }

    /// What has gone through, what was dropped, what is held.
    public var statistics: MemoerStatistics {
        var counts = counts
        counts.sent = outbox.sent
        counts.sent.memos += sure.outbox.sent.memos
        counts.sent.grams += sure.outbox.sent.grams
        counts.sent.bytes += sure.outbox.sent.bytes
        counts.failed = outbox.failed
        counts.lostEvents = outbox.lostEvents + sure.outbox.lostWords
        counts.openMemos = table.count
        counts.openBytes = table.charged
        counts.queuedMemos = outbox.queuedMemos
        counts.queuedGrams = outbox.queuedGrams
        counts.queuedBytes = outbox.queuedBytes
        return counts
    }

    /// Gives the storage of a memo that is not needed any more to the memos to come: `memoer.give(&memo.bytes)`.
    ///
    /// Large memos are received several times faster into storage that was used before, since the allocator returns
    /// theirs to the system. It is kept only if nobody else holds it and ``MemoerLimits/spareBytes`` allows.
    ///
    /// - Parameter bytes: taken away; empty afterwards.
    public mutating func give(_ bytes: inout [UInt8]) {
        var storage: [UInt8] = []
        swap(&storage, &bytes)
        if !lent.isEmpty { lent = [] }  // nobody else may hold it
        spares.give(storage)
    }

    /// The next event: failures and reports, then memos out of the inbox if ``tellsMemos``.
    public mutating func pollEvent() -> MemoerEvent? {
        if outbox.hasEvents || sure.outbox.hasNews || !wanting.isEmpty, let event = pollReport() { return event }
        guard tellsMemos, let memo = inbox.takeFirst() else { return nil }
        return .memo(memo)
    }

    @inline(never) private mutating func pollReport() -> MemoerEvent? {
        if let event = outbox.popEvent() { return event }
        if let event = sure.outbox.words.popFirst() { return event }
        if let outcome = sure.outbox.outcomes.popFirst() { return .outcome(outcome) }
        return wanting.isEmpty ? nil : pollRoom()
    }

    /// True while a memo or another event waits.
    public var hasEvents: Bool {
        !inbox.isEmpty || outbox.hasEvents || sure.outbox.hasNews || !wanting.isEmpty && hasWantedRoom()
    }

    /// When something is due: now if there is something to send, else when the next unfinished memo is given up.
    public var wakeTyme: Tyme? {
        if outbox.isReady { return tyme }
        guard sure.isActive || table.count > 0 else { return nil }
        return laterWakeTyme
    }

    /// Apart, since it looks at so much of the memoer that a copy of it is made.
    @inline(never) private var laterWakeTyme: Tyme? {
        guard sure.isActive, let due = sureWakeTyme else { return table.deadline }
        return min(due, table.deadline ?? .infinity)
    }

    /// True while grams wait for peers, or for a transport, that had no room.
    public var isBlocked: Bool {
        outbox.isBlocked || sure.isActive && (sure.outbox.isBlocked || sure.inbox.isFull || sure.inbox.ready.isStuck)
    }

    /// There may be room again.
    public mutating func unblock() {
        if outbox.isHeld || sure.isActive { unblockAll() }
    }

    @inline(never) private mutating func unblockAll() {
        outbox.unblock()
        guard sure.isActive else { return }
        sure.outbox.unblock()
        sure.inbox.isFull = false
        sure.inbox.ready.unblock()
    }

    /// The transport is open: grams are as long as it carries, unless that was said.
    public mutating func opened(_ limits: TrainLimits, at tyme: Tyme) {
        guard !isMaximumGiven, limits.datagram != maximum else { return }
        maximum = limits.datagram
        outbox.adopt(size, maximum: maximum)
        sure.outbox.adopt(size, maximum: maximum)
    }

    /// Takes note of the tyme.
    public mutating func tick(at tyme: Tyme) { note(tyme) }

    /// Runs the timers that are due: repetitions, and memos that are given up.
    public mutating func expire(at tyme: Tyme) {
        note(tyme)
        if sure.isActive { expireSure() }
        if table.count > 0 { giveUp() }
    }

    /// Ends all sure memos that are on their way with ``SureOutcome/Result/closed``.
    public mutating func closing(at tyme: Tyme) { closeSure() }

    /// Takes note of the tyme.
    @inline(__always) mutating func note(_ now: Tyme) {
        guard now != tyme else { return }
        tyme = now
        sure.inbox.done.forget(at: now)
        if sure.isActive { noteSure() }
    }

    /// The millisecond of the tyme, for mids: nobody else asks.
    @inline(__always) mutating func millisecond() -> UInt64 {
        if stamped != tyme {
            stamped = tyme
            milliseconds = Mid.milliseconds(tyme)
        }
        return milliseconds
    }

    @inline(never) private mutating func giveUp() {
        while case let row = table.expired(at: tyme), row >= 0 {
            if table.rows[Int(row)].kind.isSure, table.rows[Int(row)].isProtected {
                refuseSure(row, .expired)
                continue
            }
            spares.give(table.close(row))
            counts.drops.count(.expired)
        }
    }
}
