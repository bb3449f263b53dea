/// What has gone through a memoer since it was made, and what is in it now.
public struct MemoerStatistics: Hashable, Sendable {
    /// Memos, grams and their bytes of one direction.
    public struct Traffic: Hashable, Sendable {
        /// Memos: delivered to the inbox, or handed to the transport whole.
        public var memos = 0
        /// Grams: good ones received, or taken by the transport.
        public var grams = 0
        /// Bytes of these grams.
        public var bytes = 0
    }

    /// What was received.
    public var received = Traffic()
    /// What was sent.
    public var sent = Traffic()
    /// What was dropped.
    public var drops = Drops()
    /// Grams ignored because the same gram was there already.
    public var duplicates = 0
    /// Grams ignored because their memo is over.
    public var late = 0
    /// Empty datagrams passed over.
    public var empty = 0
    /// Memos that could not be sent: each had an event.
    public var failed = 0
    /// Events that were lost because nobody polled them.
    public var lostEvents = 0
    /// Memos of which grams are held, parked ones included.
    public internal(set) var openMemos = 0
    /// Bytes charged for them: their bodies, and 64 a gram.
    public internal(set) var openBytes = 0
    /// Memos that wait to be sent.
    public internal(set) var queuedMemos = 0
    /// Grams that these are.
    public internal(set) var queuedGrams = 0
    /// Bytes of these memos.
    public internal(set) var queuedBytes = 0
}
