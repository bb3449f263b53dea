import Doing

extension DatagramCore {
    /// One pass of the whole pipe, for loops without a doist: what has arrived goes in, what is to be sent goes out.
    ///
    /// ```swift
    /// var peer = try UDPPeer(port: 5501)
    /// try peer.open()
    /// while !isOver {
    ///     try memoer.service(now(), over: &peer, by: burst)
    ///     while let event = memoer.pollEvent() { … }
    /// }
    /// ```
    /// A ``CoreDoer`` does the same and knows when to sleep.
    ///
    /// - Parameters:
    ///   - tyme: now; never less than at the last call.
    ///   - wire: an open transport.
    ///   - burst: room for one train.
    ///   - budget: what may be done each way; a budget of one train is hio's `serviceAllOnce`.
    /// - Returns: true if the budget ended it, so that there is more to do at once.
    /// - Throws: what made the transport unusable.
    /// - Source: hio `core/memo/memoing.py`, `serviceAll`.
    @discardableResult
    public mutating func service<Wire: DatagramTransport>(
        _ tyme: Tyme, over wire: inout Wire, by burst: Burst, budget: FerryBudget = FerryBudget()
    ) throws(TransportError) -> Bool {
        var ferry = Ferry()
        unblock()
        let received = try ferry.receive(&self, from: &wire, burst, budget, trains: budget.trains, at: tyme)
        let sent = try ferry.send(&self, over: &wire, burst, budget, nil, at: tyme)
        return !received.isAll || sent == .more
    }
}
