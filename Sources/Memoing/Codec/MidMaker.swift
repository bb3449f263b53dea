import Doing

/// Makes the mids of one memoer: each sorts after the one before, and none can be told from those before it.
///
/// The 12 bits behind the version and the next 6 number the mids of one millisecond; when 2^18 are used up, or tyme
/// stands still, the milliseconds run ahead. Of the other 56 bits 20 are the memoer's own, so that a receiver can tell
/// the mids of one that has started anew from those before; 36 are a keyed hash of a counter.
///
/// - Source: RFC 9562 §6.2, method 1.
struct MidMaker: Sendable {
    private let hash: KeyedHash
    private let node: UInt64
    private var made: UInt64 = 0
    private var milliseconds: UInt64 = 0
    private var number: UInt64 = 0

    init(_ hash: KeyedHash) {
        self.hash = hash
        node = (hash(.max, .max) & 0xF_FFFF) &<< 36
    }

    /// The next mid at the millisecond `now`.
    @inline(__always) mutating func next(milliseconds now: UInt64) -> Mid {
        if now > milliseconds {
            milliseconds = now
            number = 0
        } else if number == 1 << 18 {
            milliseconds &+= 1
            number = 0
        }
        let random = hash(made, milliseconds)
        made &+= 1
        let mid = Mid(
            milliseconds: milliseconds, high: number &>> 6, low: number &<< 56 | node | random & 0xF_FFFF_FFFF)
        number &+= 1
        return mid
    }
}
