/// Why something that arrived was dropped. Each has a counter in ``MemoerStatistics/drops``.
///
/// One datagram is counted once, and so is one memo that was given up: ``evicted``, ``expired``, ``notText``,
/// ``tooLarge`` and ``tooManyGrams`` count memos.
public enum DropReason: String, Hashable, Sendable, CaseIterable {
    /// The first byte says neither text nor binary.
    case unknownDomain
    /// Shorter than a gram of its code.
    case truncated
    /// The code is none of ours.
    case unknownCode
    /// An acknowledgement of no memo that is on its way.
    case ack
    /// An acknowledgement that contradicts itself, or names what was never sent.
    case badAck
    /// An acknowledgement from elsewhere than where the memo went.
    case ackSource
    /// A gram past what the memo's sender was allowed.
    case beyondCredit
    /// A field holds what it cannot.
    case badField
    /// A later gram with number 0.
    case zeroNumber
    /// Not signed, and this memoer takes signed grams only.
    case unsigned
    /// From a sender without a name, and unsigned: nobody could be answered, and all such senders look the same.
    case unnamed
    /// Signed as a vid that is not in the allow-list.
    case notAllowed
    /// The keep holds no key for the vid.
    case unknownVid
    /// Signed, and this memoer has no signer to check it.
    case noSigner
    /// The signature is not one of this gram under this key.
    case badSignature
    /// The source has had as many signatures checked as it may for now.
    case verifyBudget
    /// A gram number at or past the count.
    case numberOutOfRange
    /// A first gram with another count than the first one told.
    case countChanged
    /// Another body for a gram that is held.
    case conflict
    /// A gram of another family than the memo's first one.
    case family
    /// As many keys as there may be already hold memos with this mid.
    case tooManyKeys
    /// The memo would be longer than the limit.
    case tooLarge
    /// The memo would have more grams than the limit.
    case tooManyGrams
    /// As many grams as may wait for the gram that says who signed them are waiting.
    case parkFull
    /// There is no room, and none is made for it.
    case capacity
    /// A memo was given up to make room for another.
    case evicted
    /// A memo was given up because nothing new of it came for too long.
    case expired
    /// A whole memo that is no UTF-8, and this memoer takes text only.
    case notText
    /// The gram that completes a memo, while the inbox is full.
    case inboxFull
}
