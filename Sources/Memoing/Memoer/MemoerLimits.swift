import Doing

/// The bounds of a memoer. Every table and queue has one; what does not fit is counted or refused, never kept.
public struct MemoerLimits: Hashable, Sendable {
    /// Bytes of a memo, in and out. A body shorter than 64 bytes that is not the last counts 64 when received.
    public var memoBytes = 16 << 20
    /// Grams of a memo received.
    public var memoGrams = 262_144
    /// Unfinished memos of one peer: a verified vid, else a source.
    public var openPerPeer = 64
    /// Unfinished sure memos of one peer.
    public var openSurePerPeer = 1024
    /// Unfinished memos of all peers of one host that have proven nothing.
    public var openPerHost = 2048
    /// Unfinished memos of all peers.
    public var open = 4096
    /// Bytes charged to one peer: body and 64 a gram.
    public var bytesPerPeer = 64 << 20
    /// Bytes charged to all peers.
    public var bytes = 256 << 20
    /// Memos with one mid, of different peers.
    public var keysPerMid = 4
    /// Signed grams that wait for the gram which says who signed them, for one mid.
    public var parkedGrams = 64
    /// Bytes of these.
    public var parkedBytes = 64 << 10
    /// Seconds without a new gram after which a memo is given up whose first gram is missing.
    public var orphanAge: Tyme = 10
    /// Seconds without a new gram after which any other unfinished memo is given up.
    public var idleAge: Tyme = 60
    /// Seconds after its first gram at which an unfinished memo is given up.
    public var wholeAge: Tyme = 600
    /// Finished memos that are surely remembered, and not delivered again.
    public var finished = 8192
    /// Sure memos that are surely remembered as long as ``sureFinishedAge``, unless so many more arrive; older ones of
    /// memoers like ours are told from new ones by their ids.
    public var sureFinished = 16_384
    /// Seconds that a finished sure memo is remembered at least: twice the life of a sender that gives up after 12
    /// timers from 1 s, 60 s at most.
    public var sureFinishedAge: Tyme = 966
    /// Signatures checked at once, half of them of one source; good ones of known vids do not count. A check takes some
    /// 50 µs.
    public var verifyBurst = 2048
    /// Signatures checked in a second, in the long run, half of them of one source.
    public var verifyPerSecond = 4096
    /// Peers that something is remembered of, sources and signers, beside those with unfinished memos. Three quarters
    /// of them are such as have proven that they are there, or are known, at most.
    public var peers = 8192
    /// Acks that wait to be sent.
    public var acks = 4096
    /// Memos in the inbox.
    public var inboxMemos = 65_536
    /// Bytes in the inbox; the memo that reaches it still fits.
    public var inboxBytes = 256 << 20
    /// Memos that wait to be sent, in all.
    public var queuedMemos = 262_144
    /// Bytes that wait to be sent, in all.
    public var queuedBytes = 512 << 20
    /// Memos that wait to be sent to one destination.
    public var queuedMemosPerPeer = 65_536
    /// Bytes that wait to be sent to one destination.
    public var queuedBytesPerPeer = 256 << 20
    /// Destinations that memos wait for.
    public var destinations = 4096
    /// Events that wait to be polled; the memos in the inbox do not count.
    public var events = 4096
    /// Bytes of storage kept for memos to come.
    public var spareBytes = 64 << 20

    /// The defaults.
    public init() {}

    /// Refuses limits that make no sense: counts below 1, or above 2^40, ages that are no positive numbers.
    ///
    /// - Throws: ``MemoError/badLimit(_:value:)``, which names the limit.
    public func check() throws(MemoError) {
        let counts: [(String, Int)] = [
            ("memoBytes", memoBytes),
            ("memoGrams", memoGrams),
            ("openPerPeer", openPerPeer),
            ("openSurePerPeer", openSurePerPeer),
            ("openPerHost", openPerHost),
            ("open", open),
            ("bytesPerPeer", bytesPerPeer),
            ("bytes", bytes),
            ("keysPerMid", keysPerMid),
            ("parkedGrams", parkedGrams),
            ("parkedBytes", parkedBytes),
            ("finished", finished),
            ("sureFinished", sureFinished),
            ("verifyBurst", verifyBurst),
            ("verifyPerSecond", verifyPerSecond),
            ("peers", peers),
            ("acks", acks),
            ("inboxMemos", inboxMemos),
            ("inboxBytes", inboxBytes),
            ("queuedMemos", queuedMemos),
            ("queuedBytes", queuedBytes),
            ("queuedMemosPerPeer", queuedMemosPerPeer),
            ("queuedBytesPerPeer", queuedBytesPerPeer),
            ("destinations", destinations),
            ("events", events),
        ]
        for (name, value) in counts where !(1...1 << 40).contains(value) {
            throw .badLimit(name, value: Double(value))
        }
        guard (0...1 << 40).contains(spareBytes) else { throw .badLimit("spareBytes", value: Double(spareBytes)) }
        let ages = [
            ("orphanAge", orphanAge),
            ("idleAge", idleAge),
            ("wholeAge", wholeAge),
            ("sureFinishedAge", sureFinishedAge),
        ]
        for (name, value) in ages where !(value > 0 && value <= 1e9) { throw .badLimit(name, value: value) }
    }
}
