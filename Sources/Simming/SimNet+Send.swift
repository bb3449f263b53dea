import Charting
import Containers
import Doing
import Wiring

/// Datagrams at the beginning of their way.
extension SimNet {
    /// Takes a train and sends each of its datagrams on its way.
    @inline(__always) func send(_ bytes: RawSpan, _ train: Train, from socket: Socket, at tyme: Tyme) -> Sending {
        if socket.pointee.lastPeer != train.peer {
            guard let way = findWay(to: train.peer, from: socket) else {
                let isHost = train.peer.family == .host
                let refusal = Refusal(isHost ? .unreachable : .badAddress)
                return refuse(train, socket, refusal, isHost ? .nobody : .none, at: tyme)
            }
            socket.pointee.lastPeer = train.peer
            socket.pointee.lastWay = way
        }
        let host = raw.pointee.hosts[Int(socket.pointee.host) &- 1]
        if host.pointee.isDown { return refuse(train, socket, Refusal(.unreachable), .down, at: tyme) }
        let number = Int(socket.pointee.lastWay)
        let way = raw.pointee.ways[number]
        let now = Micros.of(tyme)
        let total = bytes.byteCount
        let segment = train.segment > 0 ? train.segment : max(total, 1)
        if segment > SimPeer.largestDatagram, total > SimPeer.largestDatagram {
            return refuse(train, socket, Refusal(.tooLarge), .tooLarge, at: tyme)
        }
        let isPlain = way.pointee.isPlain
        if !isPlain, let refusal = refusal(number, socket, at: now) {
            return refuse(train, socket, refusal.0, refusal.1, at: tyme)
        }
        if isPlain, total <= segment {
            unsafe bytes.withUnsafeBytes { unsafe sendPlain($0, way, socket, now) }
            socket.pointee.statistics.sent.count(1, bytes: total)
            return Sending(taken: total)
        }
        sendEach(bytes, number, segment, socket, now, at: tyme)
        socket.pointee.statistics.sent.count(train.count(of: total), bytes: total)
        return Sending(taken: total)
    }

    /// Sends the datagrams of a train one by one.
    @inline(never) private func sendEach(
        _ bytes: RawSpan, _ number: Int, _ segment: Int, _ socket: Socket, _ now: Int64, at tyme: Tyme
    ) {
        let way = raw.pointee.ways[number]
        let isPlain = way.pointee.isPlain
        let total = bytes.byteCount
        unsafe bytes.withUnsafeBytes { all in
            var start = 0
            repeat {
                let end = min(start &+ segment, total)
                let datagram = unsafe UnsafeRawBufferPointer(rebasing: all[start..<end])
                if isPlain {
                    unsafe sendPlain(datagram, way, socket, now)
                } else {
                    unsafe sendWatched(datagram, number, socket, now, at: tyme)
                }
                start = end
            } while start < total
        }
    }

    /// The short way: nothing but the model.
    @inline(__always) private func sendPlain(
        _ bytes: UnsafeRawBufferPointer, _ way: Handle<WayState>, _ socket: Socket, _ now: Int64
    ) {
        way.pointee.number &+= 1
        raw.pointee.number &+= 1
        way.pointee.statistics.sent &+= 1
        way.pointee.statistics.sentBytes &+= bytes.count
        switch way.pointee.model.send(bytes.count, at: now) {
        case .lost: way.pointee.statistics.lost &+= 1
        case .queueFull: way.pointee.statistics.queueFull &+= 1
        case .arrives(let due):
            let slot = unsafe hold(bytes, way, socket)
            if slot >= 0 { launch(slot, due: due) }
        }
    }

    /// Takes a datagram into the memory of the network, or answers -1 if there is no room.
    @inline(__always) private func hold(
        _ bytes: UnsafeRawBufferPointer, _ way: Handle<WayState>, _ socket: Socket,
        marks: TraceEvent.Marks = []
    ) -> Int32 {
        let slot = unsafe raw.pointee.flights.add(
            bytes, way: socket.pointee.lastWay, from: socket.pointee.port, to: socket.pointee.lastPeer.port,
            number: raw.pointee.number, marks: marks.rawValue)
        if slot >= 0 {
            way.pointee.statistics.inFlight &+= 1
        } else {
            way.pointee.statistics.noMemory &+= 1
        }
        return slot
    }

    /// Puts a datagram on its way.
    @inline(__always) func launch(_ slot: Int32, due: Int64) {
        raw.pointee.flights.launch(slot, due: due)
        if due < raw.pointee.parkedUntil { rouse(by: due) }
    }

    @inline(never) private func rouse(by due: Int64) {
        raw.pointee.parkedUntil = due
        wake(by: Micros.tyme(of: due))
    }

    @inline(never) private func findWay(to peer: Address, from socket: Socket) -> Int32? {
        guard peer.family == .host, peer.lo >= 1, peer.lo <= UInt64(hostNames.count) else { return nil }
        return way(Int(socket.pointee.host), Int(peer.lo))
    }

    @inline(never) private func refuse(
        _ train: Train, _ socket: Socket, _ refusal: Refusal, _ fate: TraceEvent.Fate, at tyme: Tyme
    ) -> Sending {
        refuse(train, socket, .refused(refusal), fate, at: tyme)
    }

    @inline(never) private func refuse(
        _ train: Train, _ socket: Socket, _ outcome: Sending.Outcome, _ fate: TraceEvent.Fate, at tyme: Tyme
    ) -> Sending {
        switch outcome {
        case .full: socket.pointee.statistics.full += 1
        case .peerFull: socket.pointee.statistics.peerFull += 1
        default: socket.pointee.statistics.refused += 1
        }
        if let trace {
            trace.record(event(.refused, socket, to: train.peer, fate, at: tyme))
        }
        return Sending(taken: 0, outcome)
    }

    private func event(
        _ kind: TraceEvent.Kind, _ socket: Socket, to peer: Address, _ fate: TraceEvent.Fate, at tyme: Tyme
    ) -> TraceEvent {
        let host = Int(socket.pointee.host)
        return TraceEvent(
            kind, at: tyme, lane: lanes[host - 1], local: .host(UInt64(host), port: socket.pointee.port), peer: peer,
            fate: fate)
    }

    // MARK: - The long way

    /// Everything that a link, a plan, a rule can do, and the trace.
    @inline(never) private func sendWatched(
        _ bytes: UnsafeRawBufferPointer, _ number: Int, _ socket: Socket, _ now: Int64, at tyme: Tyme
    ) {
        let way = raw.pointee.ways[number]
        let count = bytes.count
        let passage = unsafe decide(bytes, number, socket, now, at: tyme)
        way.pointee.number &+= 1
        raw.pointee.number &+= 1
        way.pointee.statistics.sent &+= 1
        way.pointee.statistics.sentBytes &+= count
        let draws = way.pointee.model.draw()
        if passage.isRuled { return end(.ruled, \.ruled) }
        if passage.isCut || way.pointee.isCut { return end(.cut, \.cut) }
        if passage.isTooLarge { return end(.tooLarge, \.tooLarge) }
        guard let departure = way.pointee.model.depart(count, at: now, rate: passage.rate) else {
            return end(.queueFull, \.queueFull)
        }
        if passage.isLost || draws.loss < way.pointee.model.figures.loss { return end(.lost, \.lost) }
        fly(passage, draws.jitter)
        guard let copy = passage.copy else { return }
        way.pointee.statistics.copies &+= 1
        fly(passage, copy, isCopy: true)

        func end(_ fate: TraceEvent.Fate, _ counter: WritableKeyPath<SimStatistics, Int>) {
            way.pointee.statistics[keyPath: counter] &+= 1
            unsafe note(bytes, socket, fate, passage.marks, due: 0, at: tyme)
        }

        /// A copy arrives as it was sent.
        func fly(_ passage: Passage, _ draw: Double, isCopy: Bool = false) {
            var marks = passage.marks
            if isCopy {
                marks.subtract([.corrupted, .truncated])
                marks.insert(.duplicate)
            }
            let slot = unsafe hold(bytes, way, socket, marks: marks)
            guard slot >= 0 else { return unsafe note(bytes, socket, .full, marks, due: 0, at: tyme) }
            let flight = raw.pointee.flights[slot]
            if !isCopy { unsafe passage.alter(flight.pointee.bytes, count: &flight.pointee.count) }
            let due = passage.due(way.pointee.model.arrival(departure, draw))
            if way.pointee.isHeld || due == Micros.never {
                keep(slot, way)
                unsafe note(bytes, socket, .held, marks, due: 0, at: tyme)
            } else {
                launch(slot, due: due)
                unsafe note(bytes, socket, .arrives, marks, due: due, at: tyme)
            }
        }
    }

    /// All that happens to a datagram beside the model of its link.
    private func decide(
        _ bytes: UnsafeRawBufferPointer, _ way: Int, _ socket: Socket, _ now: Int64, at tyme: Tyme
    ) -> Passage {
        var passage = Passage()
        let number = raw.pointee.ways[way].pointee.number
        let kind = kinds.isEmpty ? -1 : kinds.firstIndex { $0.isMember(unsafe RawSpan(_unsafeBytes: bytes)) } ?? -1
        if !rules.isEmpty { unsafe obey(&passage, bytes, way, socket, kind, at: tyme) }
        for index in wayFaults[way].indices where wayFaults[way][index].isActive(at: now) {
            if case .drop(let count, let name) = wayFaults[way][index].effect {
                guard name == DatagramKind.any || kind >= 0 && kinds[kind].name == name else { continue }
                let fault = wayFaults[way][index].index
                faultCounts[fault] += 1
                if faultCounts[fault] == count { passage.isRuled = true }
            } else {
                wayFaults[way][index].act(on: &passage, number: number, count: bytes.count)
            }
        }
        return passage
    }

    /// Asks the rules, until one decides.
    private func obey(
        _ passage: inout Passage, _ bytes: UnsafeRawBufferPointer, _ way: Int, _ socket: Socket, _ kind: Int,
        at tyme: Tyme
    ) {
        let number = Int(raw.pointee.ways[way].pointee.number)
        // One count for each kind of each way; its key is that of the pair, and of none the number itself.
        let key = way * (kinds.count + 1) + kind
        let ofKind = kind >= 0 ? kindCounts[key, default: 0] : number
        if kind >= 0 { kindCounts[key] = ofKind + 1 }
        let datagram = unsafe SimDatagram(
            tyme: tyme, from: .host(UInt64(socket.pointee.host), port: socket.pointee.port),
            to: socket.pointee.lastPeer, number: number, kind: kind >= 0 ? kinds[kind].name : nil,
            numberOfKind: ofKind, bytes: Array(bytes))
        for rule in rules {
            switch rule(datagram) {
            case .deliver: continue
            case .drop: passage.isRuled = true
            case .delay(let span):
                precondition(span >= 0 && span <= 1_000_000, "a rule delays by \(span) s: expected 0 to 1000000")
                passage.delay(Micros.span(span))
            case .duplicate: passage.copy = 0
            case .corrupt: passage.corrupt([0])
            case .truncate(let count): passage.truncate(to: max(0, count))
            }
            return
        }
    }

    /// Keeps a datagram until it is released.
    private func keep(_ slot: Int32, _ way: Handle<WayState>) {
        if way.pointee.heldTail >= 0 {
            raw.pointee.flights[way.pointee.heldTail].pointee.next = slot
        } else {
            way.pointee.heldHead = slot
        }
        way.pointee.heldTail = slot
    }

    private func note(
        _ bytes: UnsafeRawBufferPointer, _ socket: Socket, _ fate: TraceEvent.Fate, _ marks: TraceEvent.Marks,
        due: Int64, at tyme: Tyme
    ) {
        guard let trace else { return }
        var event = event(.sent, socket, to: socket.pointee.lastPeer, fate, at: tyme)
        event.marks = marks
        event.due = Double(due) / 1e6
        event.flight = raw.pointee.number
        trace.record(event, unsafe RawSpan(_unsafeBytes: bytes))
    }
}
