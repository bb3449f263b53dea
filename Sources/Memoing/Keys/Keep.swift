/// Where keys are kept: from a vid to its keys.
///
/// A memoer asks its keep for the key of every vid of code `D` or `E`; a vid of code `B` is its own key. A vid that is
/// in the keep counts as known: its memos are not given up to make room for those of strangers.
///
/// - Source: hio `core/memo/memoing.py`, `keep`.
public protocol Keep {
    /// The keys of `vid`, or nil if it is unknown.
    func keys(of vid: Vid) -> KeyPair?
}

/// A keep in memory.
public struct TableKeep: Keep, Sendable {
    private var table: [Vid: KeyPair] = [:]

    /// An empty keep.
    public init() {}

    /// A keep of some keys; of two for one vid the later counts.
    public init(_ keys: some Sequence<(Vid, KeyPair)>) {
        for (vid, pair) in keys { table[vid] = pair }
    }

    /// The keys of a vid; nil forgets it.
    public subscript(vid: Vid) -> KeyPair? {
        get { table[vid] }
        set { table[vid] = newValue }
    }

    /// How many vids there are.
    public var count: Int { table.count }

    public func keys(of vid: Vid) -> KeyPair? { table[vid] }
}
