/// A memo that waits to be sent, or the rest of one.
struct Outgoing {
    var bytes: [UInt8] = []
    var mid = Mid(high: 0, low: 0)
    var kind = MemoKind.plain
    var domain = Domain.text
    /// The bytes are a gram already.
    var isGram = false
    /// Which of the outbox's identities signs it.
    var identity: Int32 = -1
}
