import CBench

/// What C makes of the same messages, or round trips, over sockets of its own.
///
/// Opened once for all rounds, as ours are: fresh sockets and fresh pages cost the first of them dearly.
final class LoopbackYardstick {
    private let options: LoopbackOptions
    private let pair: OpaquePointer?
    private let messages: OpaquePointer?

    init(_ options: LoopbackOptions) {
        self.options = options
        let size = Int32(options.size)
        pair = options.isPingPong ? lbc_open(Int32(LBC_UDP), size) : nil
        messages = options.isPingPong ? nil : lbc_messages_open(size, Int32(options.gram))
    }

    deinit {
        if let pair { lbc_close(pair) }
        if let messages { lbc_messages_close(messages) }
    }

    /// One round: messages, or round trips, a second.
    func run() -> Double {
        var bad = 0
        let start = lbc_now()
        let count =
            if let pair {
                lbc_round_trips(pair, Int32(options.count))
            } else {
                lbc_messages_run(messages!, options.count, 6, &bad)
            }
        return Double(count) / (lbc_now() - start)
    }
}
