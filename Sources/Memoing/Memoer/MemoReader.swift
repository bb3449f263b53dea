import Doing
import Wiring

/// Reads memos where they have arrived, instead of having them put into the inbox: no copy and no allocation for a memo
/// of one gram, and storage that is used again for longer ones.
///
/// ```swift
/// final class Counter: MemoReader {
///     var bytes = 0
///     func read(_ memo: RawSpan, _ head: MemoHead, at tyme: Tyme) { bytes += memo.byteCount }
/// }
/// memoer.reader = counter
/// ```
public protocol MemoReader: AnyObject {
    /// Reads a memo that is whole, and that has passed all checks. Its bytes are valid for the call.
    ///
    /// It is called from inside the pass of the doer: note what you need, and leave the memoer and its doer alone. What
    /// is to be answered is queued later, for instance by a doer that is woken here.
    func read(_ memo: RawSpan, _ head: MemoHead, at tyme: Tyme)
}

/// What is known of a memo beside its bytes.
public struct MemoHead: Hashable, Sendable {
    /// Where its first gram to arrive came from.
    public var source: Address
    /// Who signed it; nil for an unsigned memo.
    public var vid: Vid?
    /// Its id.
    public var mid: Mid

    /// The head of a memo.
    public init(source: Address, vid: Vid? = nil, mid: Mid) {
        self.source = source
        self.vid = vid
        self.mid = mid
    }
}
