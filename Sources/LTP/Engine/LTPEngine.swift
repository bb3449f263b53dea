import Containers
import Doing
import Wiring

/// A whole engine of LTP behind one socket: sessions both ways with any number of peers.
///
/// It is a core: give it to a `CoreDoer` with a transport, or let an ``LTPProxy`` do that. Add peers, open client
/// services, send blocks; what comes of them are events.
///
/// What leaves goes through one door: control segments first, then checkpoints whose time is over, then gaps, then what
/// was never sent, in turn over the blocks. Data are read from the block when they leave, in trains of equal
/// datagrams, and timers start when the transport has taken a segment. What arrives is copied once, to its place in
/// the block.
///
/// - Source: RFC 5326.
public struct LTPEngine: DatagramCore {
    public typealias Event = LTPEvent

    /// The number of this engine.
    public let engine: UInt64
    /// Bounds that are not those of one peer.
    public let limits: LTPLimits
    /// What is done with segments of engines that are no peers.
    public var strangers = LTPStrangers.drop
    /// Signs and verifies for peers whose ``LTPPeer/authentication`` is by a signer. Without it nothing of them is
    /// taken, and what goes to them carries no signature.
    public var signer: (any LTPSigner)?
    /// What came from hosts of no peer.
    public internal(set) var strangerCounters = LTPCounters()

    /// Whether the transport is closing, or has closed: nothing more can be sent.
    public internal(set) var isClosed = false

    var random: Xoshiro256
    var now: Tyme = 0
    var peers: [PeerRow] = []
    var peerOfEngine: [UInt64: Int32] = [:]
    var peerOfHost: [Address: Int32] = [:]
    var accepted = 0
    var exports = Rows<SenderSession>()
    var exportOfNumber: [UInt64: Int32] = [:]
    var nextNumber: UInt64
    /// Exports that wait for more blocks to be joined to them.
    var joints: [Joint: Int32] = [:]
    var imports = Rows<ReceiverSession>()
    var importOfSession: [LTPSession: Int32] = [:]
    var closedImports = ClosedImports()
    var clients: [UInt64: Client] = [:]
    var deadlines = Deadlines<Int>()
    /// For each row when its deadline is set.
    var exportArmed: [Tyme] = []
    var importArmed: [Tyme] = []
    var events = Fifo<LTPEvent>()
    var lately = Fifo<LTPSessionRow>()
    /// Peers with something to send, in turn.
    var ready = Fifo<Int32>()
    var blocked = 0
    /// What the last poll has put into its train.
    var polled: [Polled] = []
    var polledPeer: Int32 = 0
    /// Storage that was given back.
    var spares: [[UInt8]] = []
    var spareBytes = 0
    /// The import that the last segment was for.
    var recent = Recent()

    /// A client service that is open.
    struct Client {
        /// Red parts that nobody has taken yet, and bytes of them.
        var unread = 0
        var unreadBytes = 0
    }

    /// What blocks must have in common to be joined.
    struct Joint: Hashable {
        var peer: Int32
        var client: UInt64
    }

    struct Recent {
        var session = LTPSession(engine: 0, number: 0)
        var client: UInt64 = 0
        var source = Address.none
        var row: Int32 = -1
        var peer: Int32 = 0
    }

    /// A datagram of the train that was polled.
    struct Polled {
        var size: Int
        /// -1 for the next control segment, else the row of an export.
        var row: Int32
        var piece: SenderSession.Piece
    }

    /// An engine without peers.
    ///
    /// - Parameters:
    ///   - engine: its number; from 1 on below 2^32, if ION or HDTN are to take it.
    ///   - limits: bounds that are not those of one peer.
    ///   - random: where session and serial numbers come from. Give an engine that restarts another seed, or the peers
    ///     may take its new sessions for old ones.
    public init(engine: UInt64, limits: LTPLimits = LTPLimits(), random: Xoshiro256) {
        self.engine = engine
        self.limits = limits
        self.random = random
        nextNumber = 1 + self.random.below(1 << 31)
    }

    // MARK: - Peers

    /// Adds a peer.
    ///
    /// - Throws: ``LTPError/badValue(name:value:allowed:)`` for a value that cannot be used, or if there is such a
    ///   peer.
    public mutating func add(_ peer: LTPPeer) throws(LTPError) {
        try peer.check()
        guard peerOfEngine[peer.engine] == nil else {
            throw .badValue(name: "engine", value: "\(peer.engine)", allowed: "an engine that is no peer yet")
        }
        insert(peer)
    }

    @discardableResult mutating func insert(_ peer: LTPPeer) -> Int32 {
        let number = Int32(peers.count)
        peers.append(PeerRow(peer))
        peerOfEngine[peer.engine] = number
        learnHost(number)
        followContacts(number)
        return number
    }

    private mutating func learnHost(_ number: Int32) {
        let (address, host) = (peers[Int(number)].peer.address, peers[Int(number)].host)
        if peerOfHost[host] == nil { peerOfHost[host] = number }
        peerOfHost[address] = number
    }

    /// Changes a peer at run time: its address, rate, MTU, light time, contacts and all else. What is on its way keeps
    /// the deadline it has.
    ///
    /// - Throws: ``LTPError/unknownEngine(_:)``, ``LTPError/badValue(name:value:allowed:)``.
    public mutating func update(_ peer: LTPPeer) throws(LTPError) {
        try peer.check()
        guard let number = peerOfEngine[peer.engine] else { throw .unknownEngine(peer.engine) }
        peers[Int(number)].update(peer)
        recent.row = -1
        learnHost(number)
        followContacts(number)
        makeReady(number)
    }

    /// A peer as it was added or changed; nil if there is none of this number.
    public func peer(_ engine: UInt64) -> LTPPeer? { peerOfEngine[engine].map { peers[Int($0)].peer } }

    /// What has passed between this engine and a peer.
    ///
    /// - Throws: ``LTPError/unknownEngine(_:)``.
    public func counters(_ engine: UInt64) throws(LTPError) -> LTPCounters {
        guard let number = peerOfEngine[engine] else { throw .unknownEngine(engine) }
        return peers[Int(number)].counters
    }

    // MARK: - Client services

    /// Opens a client service: blocks for it are taken from now on.
    ///
    /// - Throws: ``LTPError/alreadyOpen(client:)``.
    public mutating func open(client: UInt64) throws(LTPError) {
        guard clients[client] == nil else { throw .alreadyOpen(client: client) }
        clients[client] = Client()
    }

    /// Closes a client service: blocks for it that are not complete are cancelled. Not open: does nothing.
    public mutating func close(client: UInt64) {
        guard clients.removeValue(forKey: client) != nil else { return }
        for row in 0..<Int32(imports.bound) where imports.has(row) && imports[row].client == client {
            if imports[row].state != .canceling { cancelImport(row, .unreachable) }
        }
    }

    /// Gives back the storage of a red part that is of no more use, for one to come: fresh memory costs more than all
    /// else that is done with a block of megabytes. Kept are a few, within ``LTPLimits/spareBytes``.
    ///
    /// - Parameter bytes: held by nobody else, or it is copied when it is written to.
    public mutating func give(_ bytes: consuming [UInt8]) {
        guard bytes.count >= 65_536, spareBytes + bytes.count <= limits.spareBytes, spares.count < 16 else { return }
        spareBytes += bytes.count
        spares.append(bytes)
    }

    /// Says how many red parts of a client service wait for their user outside of the engine, and how many bytes they
    /// have: with as many as ``LTPLimits/unread`` no new session is opened for it.
    public mutating func unread(client: UInt64, count: Int, bytes: Int) {
        clients[client]?.unread = count
        clients[client]?.unreadBytes = bytes
    }

    // MARK: - Sending

    /// Gives a block to be sent. It leaves at once, unless the peer's rate, its link or its bounds say otherwise.
    ///
    /// - Parameters:
    ///   - block: its bytes, at least one. They are not copied; whoever changes the array then makes a copy.
    ///   - peer: to whom.
    ///   - client: for which client service there.
    ///   - red: how many bytes of it must arrive whole, from the first on; nil for all.
    ///   - joining: how it may be joined with others to the same client service that are sent so, all red; nil to let
    ///     it leave at once.
    /// - Returns: its session, which events speak of; blocks that are joined have one.
    /// - Throws: ``LTPError/closed``, ``LTPError/unknownEngine(_:)``, ``LTPError/badValue(name:value:allowed:)``,
    ///   ``LTPError/busy(limit:)``, and ``LTPError/tooLarge(bytes:limit:)`` if the peer's MTU does not hold the head
    ///   of a segment of this block.
    @discardableResult
    public mutating func send(
        _ block: [UInt8], to peer: UInt64, client: UInt64, red: Int? = nil, joining: LTPJoining? = nil
    ) throws(LTPError) -> LTPSession {
        guard !isClosed else { throw .closed }
        guard let number = peerOfEngine[peer] else { throw .unknownEngine(peer) }
        let red = red ?? block.count
        guard !block.isEmpty else { throw .badValue(name: "block", value: "empty", allowed: "at least one byte") }
        guard (0...block.count).contains(red), joining == nil || red == block.count else {
            let allowed = joining == nil ? "0 to \(block.count), the bytes of the block" : "all, if it is joined"
            throw .badValue(name: "red", value: "\(red)", allowed: allowed)
        }
        if let joining {
            try joining.check()
            if let row = joints[Joint(peer: number, client: client)] { return join(block, row, joining) }
        }
        let place = Int(number)
        let isFull = peers[place].exports >= peers[place].peer.exports
        guard !isFull || peers[place].waiting.count < peers[place].peer.waiting else {
            throw .busy(limit: peers[place].peer.waiting)
        }
        let id = LTPSession(engine: engine, number: takeNumber())
        var session = SenderSession(
            id: id, peer: number, client: client, block: block, red: red, firstSerial: serial(), at: now)
        if peers[place].peer.cookieBytes > 0 {
            // It is in every segment from the first on: whoever answers has seen it.
            session.cookies.bake(cookie(place), strictFrom: -.infinity)
        }
        let longest = session.longestHead + frame(place, session.cookies).bytes
        guard longest < peers[place].peer.mtu else {
            throw .tooLarge(bytes: longest + 1, limit: peers[place].peer.mtu)
        }
        let isWaiting = joining.map { block.count < $0.bytes } ?? false
        if isWaiting, let joining { session.waitForMore(until: now + joining.seconds) }
        let row = exports.insert(session)
        exportOfNumber[id.number] = row
        arm(export: row)
        peers[place].counters.queued.add(block.count)
        if isWaiting { joints[Joint(peer: number, client: client)] = row } else { begin(row) }
        return id
    }

    /// Joins a block to one that waits for more.
    private mutating func join(_ block: [UInt8], _ row: Int32, _ joining: LTPJoining) -> LTPSession {
        peers[Int(exports[row].peer)].counters.queued.add(block.count)
        exports[row].join(block)
        let id = exports[row].id
        if exports[row].total >= UInt64(joining.bytes) { endJoining(row) }
        return id
    }

    /// Lets a block that waited for others leave.
    mutating func endJoining(_ row: Int32) {
        forgetJoint(row)
        exports[row].endJoining()
        begin(row)
    }

    mutating func forgetJoint(_ row: Int32) {
        if exports[row].isJoining { joints[Joint(peer: exports[row].peer, client: exports[row].client)] = nil }
    }

    /// Gives an export its turn, now or when others have ended.
    private mutating func begin(_ row: Int32) {
        let place = Int(exports[row].peer)
        guard peers[place].exports >= peers[place].peer.exports else { return start(row) }
        peers[place].waiting.append(ExportEntry(row: row, number: exports[row].id.number))
    }

    /// A number for a session: they count up from a random one and stay below 2^32.
    private mutating func takeNumber() -> UInt64 {
        var number = nextNumber
        while exportOfNumber[number] != nil { number = number == UInt64(UInt32.max) ? 1 : number + 1 }
        nextNumber = number == UInt64(UInt32.max) ? 1 : number + 1
        return number
    }

    /// A first serial number: random, and small enough to stay below 2^32.
    mutating func serial() -> UInt64 { 1 + random.below(1 << 30) }

    /// Gives an export its turn to send.
    mutating func start(_ row: Int32) {
        let place = Int(exports[row].peer)
        exports[row].isStarted = true
        peers[place].exports += 1
        peers[place].counters.exportsStarted.add(Int(exports[row].total))
        events.append(.exportStarted(exports[row].id))
        enqueue(row)
    }

    mutating func enqueue(_ row: Int32) {
        guard exports[row].hasMore else { return }
        // It may stand there and wait for the window of the peer; what is repeated does not wait.
        if !exports[row].isQueued {
            exports[row].isQueued = true
            peers[Int(exports[row].peer)].sending.append(ExportEntry(row: row, number: exports[row].id.number))
        }
        makeReady(exports[row].peer)
    }

    /// Cancels a block that this engine sends or receives. One that there is not, or that has ended, is left as it is.
    ///
    /// - Returns: whether there was something to cancel.
    @discardableResult public mutating func cancel(_ session: LTPSession, reason: LTPReason = .user) -> Bool {
        if session.engine == engine, let row = exportOfNumber[session.number], exports[row].state != .canceling {
            cancelExport(row, reason, by: .us)
            return true
        }
        guard let row = importOfSession[session], imports[row].state != .canceling else { return false }
        cancelImport(row, reason)
        return true
    }

    // MARK: - Link state

    /// Says whether there is a link to and from a peer; until then there is. A peer with contacts follows those.
    ///
    /// Without a link nothing is sent, and timers of what the peer cannot have answered stand still.
    ///
    /// - Throws: ``LTPError/unknownEngine(_:)``.
    /// - Source: RFC 5326, 6.1, 6.4, 6.5 and 6.6.
    public mutating func setLink(_ peer: UInt64, sends: Bool, hears: Bool) throws(LTPError) {
        guard let number = peerOfEngine[peer] else { throw .unknownEngine(peer) }
        setLink(number, sends: sends, hears: hears)
    }

    mutating func setLink(_ number: Int32, sends: Bool, hears: Bool) {
        let place = Int(number)
        let patience = peers[place].peer.patience
        if hears != peers[place].hears {
            peers[place].hears = hears
            for row in 0..<Int32(exports.bound) where exports.has(row) && exports[row].peer == number {
                if hears { exports[row].resume(at: now) } else { exports[row].suspend(at: now) }
                arm(export: row)
            }
            for row in 0..<Int32(imports.bound) where imports.has(row) && imports[row].peer == number {
                if hears {
                    imports[row].resume(at: now, patience: patience)
                } else {
                    imports[row].suspend(at: now, patience: patience)
                }
                arm(import: row)
            }
        }
        peers[place].sends = sends
        if sends { makeReady(number) }
    }

    /// Does what the contacts of a peer say about this tyme, and looks again at the next edge.
    mutating func followContacts(_ number: Int32) {
        let peer = peers[Int(number)].peer
        guard !peer.contacts.isEmpty else {
            deadlines.cancel(Key.contact(number))
            return
        }
        let contact = peer.contacts.first { $0.to > now }
        let isUp = contact.map { $0.from <= now } ?? false
        peers[Int(number)].rate = isUp ? contact?.rate ?? peer.rate : peer.rate
        setLink(number, sends: isUp, hears: isUp)
        if let contact {
            deadlines.set(Key.contact(number), at: isUp ? contact.to : contact.from)
        } else {
            deadlines.cancel(Key.contact(number))
        }
    }

    // MARK: - What others ask

    /// Sessions that have not ended: exports by their rows, then imports.
    public var openRows: [LTPSessionRow] {
        let exports = (0..<Int32(exports.bound)).filter { self.exports.has($0) }.map { row(export: $0) }
        return exports + (0..<Int32(imports.bound)).filter { imports.has($0) }.map { row(import: $0) }
    }

    /// The sessions that have ended last, the oldest first.
    public var closedRows: [LTPSessionRow] { (0..<lately.count).map { lately[$0] } }

    /// Sessions that have not ended.
    public var openCount: Int { exports.count + imports.count }

    /// The keys of deadlines: what they are for, and its number.
    enum Key {
        static func export(_ row: Int32) -> Int { Int(row) << 2 }
        static func `import`(_ row: Int32) -> Int { Int(row) << 2 | 1 }
        static func credit(_ peer: Int32) -> Int { Int(peer) << 2 | 2 }
        static func contact(_ peer: Int32) -> Int { Int(peer) << 2 | 3 }
    }
}
