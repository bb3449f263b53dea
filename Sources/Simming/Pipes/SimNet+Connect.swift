import Charting
import Doing
import Wiring

/// Connections at their beginning and at their end.
extension SimNet {
    /// Seconds until a connection that got no answer is asked for again; each further time twice as many.
    static let redial: Int64 = 1_000_000

    // MARK: - Beginning

    func listen(_ state: ListenerState, host: SimHost, port: UInt16) -> Bool {
        table.listen(state, host.number, port)
    }

    func unlisten(_ state: ListenerState, host: SimHost, port: UInt16) {
        table.unlisten(host.number, port)
        state.isOpen = false
        while let pipe = state.waiting.popFirst() {
            pipe.listener = nil
            if let server = pipe.server { reset(pipe, server) }
        }
    }

    /// Begins to connect.
    ///
    /// - Throws: `TransportError` if there is no such host or no way to it.
    func dial(
        from host: SimHost, to target: Address, _ figures: SimPipe, _ owner: Doer?, at tyme: Tyme
    ) throws(TransportError) -> (Pipe, PipeEnd) {
        let now = Micros.of(tyme)
        let subject = "\(host.name) to \(describe(target))"
        guard target.family == .host, target.lo >= 1, target.lo <= UInt64(hostNames.count) else {
            throw Self.failed(.unreachable, subject)
        }
        let way = way(host.number, Int(target.lo))
        guard !isUnreachable(way, at: now) else { throw Self.failed(.unreachable, subject) }
        guard let port = table.takePort(host.number) else {
            throw .system(call: "connect", code: 99, reason: "no port is left", subject: subject)
        }
        let local = host.address(port: port)
        let client = PipeEnd(
            figures, .connecting, local: local, remote: target, way: way, side: 0,
            random: pipeRandom(from: host.number, to: Int(target.lo), port))
        client.owner = owner
        let pipe = table.add(client)
        pipe.deadline = Micros.sum(now, Micros.span(figures.connectTimeout))
        ask(pipe, at: now, tyme)
        return (pipe, client)
    }

    /// From the names of the hosts and the port, so that no connection moves the draws of another.
    private func pipeRandom(from: Int, to: Int, _ port: UInt16) -> SplitMix64 {
        let (pair, direction) = StreamSeed.direction(seed, from: hostNames[from - 1], to: hostNames[to - 1])
        let own = 0x7069_7065_0000_0000 | UInt64(port) << 1 | UInt64(direction)
        return SplitMix64(seed: StreamSeed.mix(pair, own))
    }

    private static func failed(_ why: StreamLoss.Reason?, _ subject: String) -> TransportError {
        switch why {
        case .unreachable:
            .system(call: "connect", code: SimStream.Code.unreachable, reason: "no route to host", subject: subject)
        case .timedOut:
            .system(call: "connect", code: SimStream.Code.timedOut, reason: "connection timed out", subject: subject)
        default:
            .system(call: "connect", code: SimStream.Code.refused, reason: "connection refused", subject: subject)
        }
    }

    private func fail(_ pipe: Pipe, _ why: StreamLoss.Reason?) {
        let subject = "\(hostNames[pipe.client.host - 1]) to \(describe(pipe.client.remote))"
        pipe.client.state = .failed(Self.failed(why, subject))
        pipe.client.owner?.wake()
    }

    /// Sends the first word of a connection, and sees to it that it is sent again.
    private func ask(_ pipe: Pipe, at now: Int64, _ tyme: Tyme) {
        let client = pipe.client
        if let due = transmit(client, .opens, at: now, tyme) { launch(.dial, pipe, 1, from: client, due: due) }
        let next = Micros.sum(now, Self.redial << Int64(min(client.retries, 6)))
        client.retries += 1
        launch(.redial, pipe, 0, due: min(next, max(now + 1, pipe.deadline)))
    }

    /// No answer has come, or the listener's end waits for the answer to its own.
    func redial(_ pipe: Pipe, at now: Int64, _ tyme: Tyme) {
        switch pipe.client.state {
        case .connecting:
            if now < pipe.deadline { return ask(pipe, at: now, tyme) }
            forget(pipe)
            fail(pipe, .timedOut)
        case .connected, .closed: break  // its last word is repeated until it gets through or its patience is over
        case .idle, .failed, .lost, .gone: askInVain(pipe, at: now, tyme)
        }
    }

    /// Whoever asked has gone. The listener's end says its answer again, which is answered by a reset, and gives up
    /// when connecting would have.
    private func askInVain(_ pipe: Pipe, at now: Int64, _ tyme: Tyme) {
        guard let server = pipe.server, server.state == .connecting else { return }
        guard now < pipe.deadline else { return forget(pipe) }
        sendAnswer(pipe, server, at: now, tyme)
        server.retries += 1
        let next = Micros.sum(now, Self.redial << Int64(min(server.retries, 6)))
        launch(.redial, pipe, 0, due: min(next, max(now + 1, pipe.deadline)))
    }

    /// The listener's end of a connection that never stood is no more.
    private func forget(_ pipe: Pipe) {
        guard let server = pipe.server, server.state == .connecting else { return }
        server.state = .gone
        pipe.listener?.halfOpen -= 1
        pipe.listener = nil
    }

    /// The first word has arrived.
    func answer(_ pipe: Pipe, at now: Int64, _ tyme: Tyme) {
        let client = pipe.client
        guard land(client, at: now, tyme).isThere else { return }
        if pipe.server == nil {
            let listener = table.listener(Int(client.remote.lo), client.remote.port)
            if let listener, listener.halfOpen + listener.waiting.count >= listener.backlog { return }
            let server = PipeEnd(
                listener?.figures ?? SimPipe(), listener == nil ? .gone : .connecting, local: client.remote,
                remote: client.local, way: way(Int(client.remote.lo), client.host), side: 1,
                random: pipeRandom(from: Int(client.remote.lo), to: client.host, client.local.port))
            pipe.server = server
            pipe.listener = listener
            listener?.halfOpen += 1
            if client.state != .connecting { launch(.redial, pipe, 0, due: Micros.sum(now, Self.redial)) }
        }
        guard let server = pipe.server else { return }
        if server.state == .connecting || server.state == .connected {
            sendAnswer(pipe, server, at: now, tyme)
        } else {
            sendReset(pipe, server, at: now, tyme)
        }
    }

    private func sendAnswer(_ pipe: Pipe, _ server: PipeEnd, at now: Int64, _ tyme: Tyme) {
        guard let due = transmit(server, .opens, at: now, tyme) else { return }
        launch(.answer, pipe, 0, from: server, due: due)
    }

    /// The answer has arrived: for whoever asked the connection stands.
    func stand(_ pipe: Pipe, at now: Int64, _ tyme: Tyme) {
        guard let server = pipe.server, land(server, at: now, tyme).isThere else { return }
        let client = pipe.client
        switch client.state {
        case .connecting:
            (client.state, client.retries) = (.connected, 0)
            client.owner?.wake()
            client.since = now
            launchStand(pipe, at: now)
            pump(pipe, client, at: now, tyme)
        case .connected, .closed: launchStand(pipe, at: now)
        case .idle, .failed, .lost, .gone: sendReset(pipe, client, at: now, tyme)
        }
    }

    private func launchStand(_ pipe: Pipe, at now: Int64) {
        let client = pipe.client
        let due = arrival(client.way, at: now)
        if due < Micros.never { client.lastDue = max(client.lastDue, due) }
        launch(.stand, pipe, 1, from: client, due: due < Micros.never ? client.lastDue : due)
    }

    /// The answer to the answer has arrived: it stands for the listener, too.
    func establish(_ pipe: Pipe, at now: Int64, _ tyme: Tyme) {
        guard let server = pipe.server, server.state == .connecting else { return }
        if isBlocked(pipe.client.way, at: now) || isDown(server.host) {
            guard now - pipe.client.since < Micros.span(pipe.client.figures.patience) else { return forget(pipe) }
            return launch(.stand, pipe, 1, due: Micros.sum(now, Self.redial))
        }
        server.state = .connected
        guard let listener = pipe.listener else { return reset(pipe, server) }
        listener.halfOpen -= 1
        guard listener.isOpen else { return reset(pipe, server) }
        listener.waiting.append(pipe)
        listener.owner?.wake()
    }

    // MARK: - End

    /// Ends one half.
    func finish(_ pipe: Pipe, _ end: PipeEnd) {
        guard end.state == .connected, !end.isFinishing else { return }
        end.isFinishing = true
        pump(pipe, end, at: here, hereTyme)
    }

    /// Its owner lets go of an end.
    func close(_ pipe: Pipe, _ end: PipeEnd) {
        end.owner = nil
        switch end.state {
        case .idle, .connecting, .failed, .lost: leave(pipe, end)
        case .connected:
            if isDown(end.host) { return leave(pipe, end) }
            // As with a system's stream: who closes and leaves something unread resets.
            if let other = other(pipe, end), other.arrived > other.read { return reset(pipe, end) }
            end.isFinishing = true
            end.state = .closed
            pump(pipe, end, at: here, hereTyme)
            settle(pipe)
        case .closed, .gone: break
        }
    }

    /// Its owner throws an end away.
    func reset(_ pipe: Pipe, _ end: PipeEnd) {
        let isTold = end.state == .connected
        leave(pipe, end)
        if isTold { sendReset(pipe, end, at: here, hereTyme) }
        settle(pipe)
    }

    private func leave(_ pipe: Pipe, _ end: PipeEnd) {
        end.owner = nil
        end.state = .gone
        settle(pipe)
    }

    /// Lets the other end know that this one is no more.
    func sendReset(_ pipe: Pipe, _ end: PipeEnd, at now: Int64, _ tyme: Tyme) {
        guard let due = transmit(end, .resets, at: now, tyme) else { return }
        launch(.reset, pipe, 1 - end.side, from: end, due: due)
    }

    /// A reset has arrived at an end.
    func takeReset(_ pipe: Pipe, _ end: PipeEnd, at now: Int64, _ tyme: Tyme) {
        guard let other = other(pipe, end), land(other, at: now, tyme).isThere else { return }
        lose(pipe, end, StreamLoss(.reset, code: SimStream.Code.reset))
    }

    /// A connection is over for an end.
    func lose(_ pipe: Pipe, _ end: PipeEnd, _ loss: StreamLoss) {
        switch end.state {
        case .connecting where end.side == 0: fail(pipe, nil)
        case .connecting: forget(pipe)
        case .connected:
            // One that waits to be taken is taken all the same, with the bytes that had come.
            end.state = .lost(loss)
            end.owner?.wake()
        case .closed: end.state = .gone
        case .idle, .failed, .lost, .gone: break
        }
    }

    /// A host has crashed: its ends are no more, and nobody is told.
    func dropEnds(of host: Int) {
        for case let pipe? in table.pipes {
            for case let end? in [pipe.client, pipe.server] where end.host == host {
                if end.side == 1 { forget(pipe) }
                lose(pipe, end, StreamLoss(.reset, code: SimStream.Code.reset))
            }
            settle(pipe)
        }
    }
}
