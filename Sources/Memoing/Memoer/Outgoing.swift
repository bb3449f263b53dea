/// A memo that waits to be sent, or the rest of one.
struct Outgoing {
    /// All that is known of it beside its bytes: nothing that is counted, so that it can be handed on without a retain.
    struct Note {
        var mid = Mid(high: 0, low: 0)
        var kind = MemoKind.plain
        var domain = Domain.text
        /// The bytes are a gram already.
        var isGram = false
        /// Which of the outbox's identities signs it.
        var identity: Int32 = -1
    }

    var bytes: [UInt8]
    let note: Note
}
