import Doing
import Tracing
import Wiring

/// What happens to datagrams.
extension SimNet {
    // MARK: - Sending

    /// Takes a train and sends each of its datagrams on its way.
    func send(_ bytes: RawSpan, _ train: Train, from socket: Socket, at tyme: Tyme) -> Sending {
        if socket.pointee.lastPeer != train.peer {
            guard let way = findWay(to: train.peer, from: socket) else { return refuse(train, socket, at: tyme) }
            socket.pointee.lastPeer = train.peer
            socket.pointee.lastWay = way
        }
        let way = raw.pointee.ways[Int(socket.pointee.lastWay)]
        let now = Micros.of(tyme)
        let total = bytes.byteCount
        let segment = train.segment > 0 ? train.segment : max(total, 1)
        if segment > SimPeer.largestDatagram, total > SimPeer.largestDatagram {
            return tooLarge(train, socket, at: tyme)
        }
        unsafe bytes.withUnsafeBytes { all in
            var start = 0
            repeat {
                let end = min(start &+ segment, total)
                let datagram = UnsafeRawBufferPointer(rebasing: all[start..<end])
                if way.pointee.isPlain {
                    sendPlain(datagram, way, socket, now)
                } else {
                    sendWatched(datagram, way, socket, now, at: tyme)
                }
                start = end
            } while start < total
        }
        socket.pointee.statistics.sent.count(train.count(of: total), bytes: total)
        return Sending(taken: total)
    }

    /// The short way: nothing but the model.
    @inline(__always) private func sendPlain(
        _ bytes: UnsafeRawBufferPointer, _ way: UnsafeMutablePointer<WayState>, _ socket: Socket, _ now: Int64
    ) {
        way.pointee.number &+= 1
        raw.pointee.number &+= 1
        way.pointee.statistics.sent &+= 1
        way.pointee.statistics.sentBytes &+= bytes.count
        switch way.pointee.model.send(bytes.count, at: now) {
        case .lost: way.pointee.statistics.lost &+= 1
        case .queueFull: way.pointee.statistics.queueFull &+= 1
        case .arrives(let due): launch(bytes, way, socket, due: due, marks: [])
        }
    }

    /// Puts a datagram on its way; false if there is no memory for it.
    @inline(__always) @discardableResult func launch(
        _ bytes: UnsafeRawBufferPointer, _ way: UnsafeMutablePointer<WayState>, _ socket: Socket, due: Int64,
        marks: TraceEvent.Marks
    ) -> Bool {
        let slot = raw.pointee.flights.add(
            bytes, way: socket.pointee.lastWay, from: socket.pointee.port, to: socket.pointee.lastPeer.port,
            number: raw.pointee.number, marks: marks.rawValue)
        guard slot >= 0 else {
            way.pointee.statistics.noMemory &+= 1
            return false
        }
        raw.pointee.flights.launch(slot, due: due)
        way.pointee.statistics.inFlight &+= 1
        if due < raw.pointee.parkedUntil { rouse() }
        return true
    }

    @inline(never) private func rouse() {
        raw.pointee.parkedUntil = .min
        wake()
    }

    private func findWay(to peer: Address, from socket: Socket) -> Int32? {
        guard peer.family == .host, peer.lo >= 1, peer.lo <= UInt64(hostNames.count) else { return nil }
        return way(Int(socket.pointee.host), Int(peer.lo))
    }

    @inline(never) private func refuse(_ train: Train, _ socket: Socket, at tyme: Tyme) -> Sending {
        socket.pointee.statistics.refused += 1
        let isHost = train.peer.family == .host
        note(.refused, socket, train.peer, isHost ? .nobody : .none, at: tyme)
        return Sending(taken: 0, .refused(Refusal(isHost ? .unreachable : .badAddress)))
    }

    @inline(never) private func tooLarge(_ train: Train, _ socket: Socket, at tyme: Tyme) -> Sending {
        socket.pointee.statistics.refused += 1
        note(.refused, socket, train.peer, .tooLarge, at: tyme)
        return Sending(taken: 0, .refused(Refusal(.tooLarge)))
    }

    private func note(
        _ kind: TraceEvent.Kind, _ socket: Socket, _ peer: Address, _ fate: TraceEvent.Fate, at tyme: Tyme
    ) {
        guard let trace else { return }
        let host = Int(socket.pointee.host)
        trace.record(
            TraceEvent(
                kind, at: tyme, lane: lanes[host - 1],
                local: .host(UInt64(host), port: socket.pointee.port), peer: peer, fate: fate))
    }

    /// The long way: everything that a link can do, and the trace.
    @inline(never) private func sendWatched(
        _ bytes: UnsafeRawBufferPointer, _ way: UnsafeMutablePointer<WayState>, _ socket: Socket, _ now: Int64,
        at tyme: Tyme
    ) {
        way.pointee.number &+= 1
        raw.pointee.number &+= 1
        way.pointee.statistics.sent &+= 1
        way.pointee.statistics.sentBytes &+= bytes.count
        var fate = TraceEvent.Fate.arrives
        var arrival: Int64 = 0
        switch way.pointee.model.send(bytes.count, at: now) {
        case .lost:
            way.pointee.statistics.lost &+= 1
            fate = .lost
        case .queueFull:
            way.pointee.statistics.queueFull &+= 1
            fate = .queueFull
        case .arrives(let due):
            arrival = due
            if !launch(bytes, way, socket, due: due, marks: []) { fate = .full }
        }
        guard let trace else { return }
        let host = Int(socket.pointee.host)
        let event = TraceEvent(
            .sent, at: tyme, lane: lanes[host - 1], local: .host(UInt64(host), port: socket.pointee.port),
            peer: socket.pointee.lastPeer, fate: fate, due: fate == .arrives ? Double(arrival) / 1e6 : 0,
            flight: raw.pointee.number)
        trace.record(event, unsafe RawSpan(_unsafeBytes: bytes))
    }

    // MARK: - Arriving

    /// Hands over what is due and wakes those who got something, each once, in order.
    func deliver(by now: Int64, at tyme: Tyme) {
        while raw.pointee.flights.heap.firstDue <= now {
            arrive(raw.pointee.flights.heap.popFirst().slot, at: tyme)
        }
        for index in 0..<raw.pointee.touched.count {
            let socket = raw.pointee.touched[index].pointee
            socket.pointee.isTouched = false
            socket.pointee.owner?._withUnsafeGuaranteedRef { $0.wake() }
        }
        raw.pointee.touched.removeAll()
    }

    @inline(__always) private func arrive(_ slot: Int32, at tyme: Tyme) {
        let flight = raw.pointee.flights[slot]
        let way = raw.pointee.ways[Int(flight.pointee.way)]
        way.pointee.statistics.inFlight &-= 1
        guard let socket = receiver(of: flight, way) else {
            way.pointee.statistics.nobody &+= 1
            return drop(slot, .nobody, at: tyme)
        }
        let charge = Int(flight.pointee.count) &+ Flights.overhead
        guard socket.pointee.queued &+ charge <= socket.pointee.bufferLimit else {
            way.pointee.statistics.bufferFull &+= 1
            socket.pointee.bufferDrops &+= 1
            return drop(slot, .bufferFull, at: tyme)
        }
        way.pointee.statistics.waiting &+= 1
        socket.pointee.queued &+= charge
        flight.pointee.next = -1
        if socket.pointee.tail >= 0 {
            raw.pointee.flights[socket.pointee.tail].pointee.next = slot
        } else {
            socket.pointee.head = slot
        }
        socket.pointee.tail = slot
        if !socket.pointee.isTouched {
            socket.pointee.isTouched = true
            raw.pointee.touched.append(socket)
        }
    }

    @inline(__always) private func receiver(
        of flight: UnsafeMutablePointer<Flight>, _ way: UnsafeMutablePointer<WayState>
    ) -> Socket? {
        let port = flight.pointee.toPort
        if way.pointee.foundAt != raw.pointee.bindings || way.pointee.foundPort != port {
            way.pointee.found = socket(way.pointee.to, port)
            way.pointee.foundPort = port
            way.pointee.foundAt = raw.pointee.bindings
        }
        return way.pointee.found
    }

    @inline(never) private func drop(_ slot: Int32, _ fate: TraceEvent.Fate, at tyme: Tyme) {
        trace(.dropped, slot, fate, at: tyme)
        raw.pointee.flights.remove(slot)
    }

    /// Notes what happened to a datagram at its receiver's end.
    private func trace(_ kind: TraceEvent.Kind, _ slot: Int32, _ fate: TraceEvent.Fate = .none, at tyme: Tyme) {
        guard let trace else { return }
        let flight = raw.pointee.flights[slot].pointee
        let way = raw.pointee.ways[Int(flight.way)].pointee
        let event = TraceEvent(
            kind, at: tyme, lane: lanes[Int(way.to) - 1], local: .host(UInt64(way.to), port: flight.toPort),
            peer: .host(UInt64(way.from), port: flight.fromPort), fate: fate,
            marks: TraceEvent.Marks(rawValue: flight.marks), flight: flight.number)
        let bytes = UnsafeRawBufferPointer(start: flight.bytes, count: Int(flight.count))
        trace.record(event, unsafe RawSpan(_unsafeBytes: bytes))
    }

    // MARK: - Receiving

    /// Appends the next train of a receive buffer: equal datagrams of one sender that stand one behind the other.
    func receive(from socket: Socket, into out: inout OutputRawSpan, at tyme: Tyme) -> Train? {
        guard socket.pointee.head >= 0 else { return nil }
        let first = raw.pointee.flights[socket.pointee.head]
        let (way, port, segment) = (first.pointee.way, first.pointee.fromPort, first.pointee.count)
        let source = raw.pointee.ways[Int(way)].pointee.from
        var (datagrams, bytes) = (0, 0)
        repeat {
            let slot = socket.pointee.head
            let flight = raw.pointee.flights[slot]
            let count = flight.pointee.count
            guard flight.pointee.way == way, flight.pointee.fromPort == port, count <= segment,
                datagrams == 0
                    || count > 0 && datagrams < SimPeer.mostInTrain
                        && bytes &+ Int(count) <= SimPeer.largestTrain
            else { break }
            take(slot, from: socket, into: &out, at: tyme)
            datagrams &+= 1
            bytes &+= Int(count)
            if count < segment || segment == 0 { break }
        } while socket.pointee.head >= 0
        socket.pointee.statistics.received.count(datagrams, bytes: bytes)
        return Train(peer: .host(UInt64(source), port: port), segment: max(1, Int(segment)))
    }

    @inline(__always) private func take(
        _ slot: Int32, from socket: Socket, into out: inout OutputRawSpan, at tyme: Tyme
    ) {
        let flight = raw.pointee.flights[slot]
        let count = Int(flight.pointee.count)
        if self.trace != nil { trace(.received, slot, at: tyme) }
        out.append(
            contentsOf: unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: flight.pointee.bytes, count: count)))
        unlink(slot, from: socket)
        let way = raw.pointee.ways[Int(flight.pointee.way)]
        way.pointee.statistics.delivered &+= 1
        way.pointee.statistics.deliveredBytes &+= count
        raw.pointee.flights.remove(slot)
    }

    /// Takes the first one out of a receive buffer.
    @inline(__always) private func unlink(_ slot: Int32, from socket: Socket) {
        let flight = raw.pointee.flights[slot]
        socket.pointee.head = flight.pointee.next
        if flight.pointee.next < 0 { socket.pointee.tail = -1 }
        socket.pointee.queued &-= Int(flight.pointee.count) &+ Flights.overhead
        raw.pointee.ways[Int(flight.pointee.way)].pointee.statistics.waiting &-= 1
    }

    /// Throws away what somebody has not received.
    func empty(_ socket: Socket) {
        while socket.pointee.head >= 0 {
            let slot = socket.pointee.head
            unlink(slot, from: socket)
            raw.pointee.ways[Int(raw.pointee.flights[slot].pointee.way)].pointee.statistics.down &+= 1
            drop(slot, .down, at: doist?.tyme ?? 0)
        }
    }
}
