import Charting
import Containers
import Doing
import Wiring

/// Datagrams at the end of their way.
extension SimNet {
    // MARK: - Arriving

    /// Hands over what is due and wakes those who got something, each once, in order.
    func deliver(by now: Int64, at tyme: Tyme) {
        while raw.pointee.flights.heap.firstDue <= now {
            let entry = raw.pointee.flights.heap.popFirst()
            if entry.slot >= 0 {
                arrive(entry.slot, due: entry.due, at: tyme)
            } else {
                happen(entry.slot, at: entry.due, tyme)
            }
        }
        for index in 0..<raw.pointee.touched.count {
            let socket = raw.pointee.touched[index].pointee
            socket.pointee.isTouched = false
            socket.pointee.owner?.wake()
        }
        raw.pointee.touched.removeAll()
    }

    @inline(__always) private func arrive(_ slot: Int32, due: Int64, at tyme: Tyme) {
        let flight = raw.pointee.flights[slot]
        let way = raw.pointee.ways[Int(flight.pointee.way)]
        way.pointee.statistics.inFlight &-= 1
        if way.pointee.hasCuts, isCut(Int(flight.pointee.way), at: due) {
            way.pointee.statistics.cut &+= 1
            return drop(slot, .cut, at: tyme)
        }
        if raw.pointee.hosts[Int(way.pointee.to) &- 1].pointee.isDown {
            way.pointee.statistics.down &+= 1
            return drop(slot, .down, at: tyme)
        }
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

    @inline(never) func isCut(_ way: Int, at now: Int64) -> Bool {
        if raw.pointee.ways[way].pointee.isCut { return true }
        return wayFaults[way].contains { fault in
            if case .cut = fault.effect { fault.isActive(at: now) } else { false }
        }
    }

    @inline(__always) private func receiver(
        of flight: Handle<Flight>, _ way: Handle<WayState>
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
    ///
    /// Not inlined: Swift would begin its access to the lanes ahead of the loop that takes datagrams, trace or not.
    @inline(never) private func trace(
        _ kind: TraceEvent.Kind, _ slot: Int32, _ fate: TraceEvent.Fate = .none, at tyme: Tyme
    ) {
        guard let trace else { return }
        let flight = raw.pointee.flights[slot].pointee
        let way = raw.pointee.ways[Int(flight.way)].pointee
        let event = TraceEvent(
            kind, at: tyme, lane: lanes[Int(way.to) - 1], local: .host(UInt64(way.to), port: flight.toPort),
            peer: .host(UInt64(way.from), port: flight.fromPort), fate: fate,
            marks: TraceEvent.Marks(rawValue: flight.marks), flight: flight.number)
        let bytes = unsafe UnsafeRawBufferPointer(start: flight.bytes, count: Int(flight.count))
        trace.record(event, unsafe RawSpan(_unsafeBytes: bytes))
    }

    // MARK: - Receiving

    /// Appends the next train of a receive buffer: equal datagrams of one sender that stand one behind the other.
    @inline(__always) func receive(from socket: Socket, into out: inout OutputRawSpan, at tyme: Tyme) -> Train? {
        if socket.pointee.retryAt < Micros.never { socket.pointee.retryAt = .max }
        guard socket.pointee.head >= 0 else { return nil }
        let isSlow = raw.pointee.hosts[Int(socket.pointee.host) &- 1].pointee.hasSlowness
        if isSlow, mustWait(socket, at: Micros.of(tyme)) { return nil }
        let slot = socket.pointee.head
        let first = raw.pointee.flights[slot]
        let (way, port, segment) = (first.pointee.way, first.pointee.fromPort, first.pointee.count)
        let wayState = raw.pointee.ways[Int(way)]
        take(slot, wayState, from: socket, into: &out, at: tyme)
        if isSlow {
            chargeSlowness(socket, Int(segment), at: Micros.of(tyme))
        } else if socket.pointee.head >= 0, segment > 0 {
            return receiveMore(from: socket, into: &out, way, port, segment, at: tyme)
        }
        socket.pointee.statistics.received.count(1, bytes: Int(segment))
        return Train(peer: .host(UInt64(wayState.pointee.from), port: port), segment: max(1, Int(segment)))
    }

    /// Appends what goes on the train of a first datagram, if anything does.
    @inline(never) private func receiveMore(
        from socket: Socket, into out: inout OutputRawSpan, _ way: Int32, _ port: UInt16, _ segment: Int32,
        at tyme: Tyme
    ) -> Train {
        let wayState = raw.pointee.ways[Int(way)]
        var (datagrams, bytes) = (1, Int(segment))
        repeat {
            let slot = socket.pointee.head
            let flight = raw.pointee.flights[slot]
            let count = flight.pointee.count
            guard flight.pointee.way == way, flight.pointee.fromPort == port, count <= segment, count > 0,
                datagrams < SimPeer.mostInTrain, bytes &+ Int(count) <= SimPeer.largestTrain
            else { break }
            take(slot, wayState, from: socket, into: &out, at: tyme)
            datagrams &+= 1
            bytes &+= Int(count)
            if count < segment { break }
        } while socket.pointee.head >= 0
        socket.pointee.statistics.received.count(datagrams, bytes: bytes)
        return Train(peer: .host(UInt64(wayState.pointee.from), port: port), segment: Int(segment))
    }

    @inline(__always) private func take(
        _ slot: Int32, _ way: Handle<WayState>, from socket: Socket, into out: inout OutputRawSpan,
        at tyme: Tyme
    ) {
        let flight = raw.pointee.flights[slot]
        let count = Int(flight.pointee.count)
        if self.trace != nil { trace(.received, slot, at: tyme) }
        out.append(
            contentsOf: unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: flight.pointee.bytes, count: count)))
        unlink(slot, way, from: socket)
        way.pointee.statistics.delivered &+= 1
        way.pointee.statistics.deliveredBytes &+= count
        raw.pointee.flights.remove(slot)
    }

    /// Takes the first one out of a receive buffer.
    @inline(__always) private func unlink(
        _ slot: Int32, _ way: Handle<WayState>, from socket: Socket
    ) {
        let flight = raw.pointee.flights[slot]
        socket.pointee.head = flight.pointee.next
        if flight.pointee.next < 0 { socket.pointee.tail = -1 }
        socket.pointee.queued &-= Int(flight.pointee.count) &+ Flights.overhead
        way.pointee.statistics.waiting &-= 1
    }

    /// Throws away what somebody has not received.
    func empty(_ socket: Socket) {
        while socket.pointee.head >= 0 {
            let slot = socket.pointee.head
            let way = raw.pointee.ways[Int(raw.pointee.flights[slot].pointee.way)]
            unlink(slot, way, from: socket)
            way.pointee.statistics.down &+= 1
            drop(slot, .down, at: doist?.tyme ?? 0)
        }
    }
}
