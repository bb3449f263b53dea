import Doing

/// What a network keeps of its streams.
struct PipeTable {
    /// Connections by slot, in which nothing is told by the order of a dictionary.
    var pipes: [Pipe?] = []
    private var free: [Int] = []
    /// What is held on a way until it is released, in order, by the number of the way; looked up only.
    var held: [Int32: [Held]] = [:]

    /// Something that an end has sent and that is held on its way.
    struct Held {
        let event: PipeEvent
        let pipe: Pipe
        let sender: PipeEnd
    }

    /// Looked up only.
    private var listeners: [UInt64: ListenerState] = [:]
    private var ports: Set<UInt64> = []
    private var nextPorts: [UInt64: UInt16] = [:]

    private static func key(_ host: Int, _ port: UInt16) -> UInt64 { UInt64(host) << 16 | UInt64(port) }

    func listener(_ host: Int, _ port: UInt16) -> ListenerState? { listeners[Self.key(host, port)] }

    /// False if somebody is there.
    mutating func listen(_ state: ListenerState, _ host: Int, _ port: UInt16) -> Bool {
        guard listeners[Self.key(host, port)] == nil else { return false }
        listeners[Self.key(host, port)] = state
        return true
    }

    mutating func unlisten(_ host: Int, _ port: UInt16) { listeners[Self.key(host, port)] = nil }

    /// A port of its own for a connection that begins, or nil if none is left.
    mutating func takePort(_ host: Int) -> UInt16? {
        for _ in 0..<16_384 {
            let port = nextPorts[UInt64(host)] ?? 49_152
            nextPorts[UInt64(host)] = port == 65_535 ? 49_152 : port + 1
            if listener(host, port) == nil, ports.insert(Self.key(host, port)).inserted { return port }
        }
        return nil
    }

    mutating func add(_ client: PipeEnd) -> Pipe {
        let slot = free.popLast() ?? pipes.count
        if slot == pipes.count { pipes.append(nil) }
        let pipe = Pipe(slot: slot, client: client)
        pipes[slot] = pipe
        return pipe
    }

    mutating func remove(_ pipe: Pipe) {
        pipes[pipe.slot] = nil
        free.append(pipe.slot)
        ports.remove(Self.key(pipe.client.host, pipe.client.local.port))
    }
}

/// What happens to a connection, and when: with the place of the connection and the end that it happens to, it is one
/// number among those of the datagrams, so that all that is due is due in one order.
enum PipeEvent: Int32 {
    /// The first word of a connection that begins arrives at the listener's host.
    case dial
    /// The listener's answer arrives.
    case answer
    /// The answer to that arrives: the connection stands.
    case stand
    /// No answer has come: once more, or it is given up.
    case redial
    /// What an end has sent arrives at the other one.
    case segment
    /// Word of what has arrived and what was read is back at the end that sent it.
    case word
    /// An end goes on sending.
    case pump
    /// A reset arrives at an end.
    case reset
    /// An end that took a write in part has room again.
    case room

    /// The number of an event: less than 0, as no datagram's.
    func code(_ pipe: Pipe, _ side: Int) -> Int32 {
        ~(Int32(pipe.slot) << 5 | rawValue << 1 | Int32(side))
    }

    static func decode(_ code: Int32) -> (event: PipeEvent, slot: Int, side: Int) {
        let bits = ~code
        return unsafe (PipeEvent(rawValue: bits >> 1 & 15).unsafelyUnwrapped, Int(bits >> 5), Int(bits & 1))
    }
}
