import CSockets
import Doing
import Wiring

/// A UDP socket's way with datagrams: trains, their fallback, and what every error number means.
///
/// It owns no descriptor: ``UDPPeer`` opens and closes.
struct UDPEngine<Calls: UDPCalls> {
    /// Bytes of a train that the kernel both splits and joins in one call: a longer one arrives datagram by datagram.
    static var trainBytes: Int { 65_472 }
    /// Datagrams of a train: older kernels take no more.
    static var trainSegments: Int { 64 }
    /// Datagrams that one receive passes over before it lets others run.
    static var passedOver: Int { 256 }

    var calls: Calls
    var descriptor: Int32 = -1
    /// ``CSK_IP4`` or ``CSK_IP6``: the socket's, not the destination's.
    var family: Int32
    /// The kernel cuts trains, and the user lets it.
    var splitsTrains = false
    /// The kernel joins what arrives, and the user lets it.
    var joinsTrains = false
    /// Longest datagram that is sent.
    var sendsUpTo: Int
    /// Longest datagram that is handed on.
    var acceptsUpTo: Int
    var memory = OffloadMemory()
    var statistics = TransportStatistics()
    /// The last receive gave up before it found anything, or nothing: a poller that tells of changes only would not
    /// say that there is more, so it is looked again at the next tick.
    private(set) var isFlooded = false

    init(_ calls: Calls, family: Int32, sendsUpTo: Int, acceptsUpTo: Int) {
        self.calls = calls
        self.family = family
        self.sendsUpTo = sendsUpTo
        self.acceptsUpTo = acceptsUpTo
    }

    /// Receives the next train into `room`; the second value is how many bytes it is.
    mutating func receive(_ room: UnsafeMutableRawBufferPointer) throws(Broken) -> (Train, Int)? {
        var arrival = csk_arrival()
        var left = Self.passedOver
        isFlooded = false
        while left > 0 {
            left -= 1
            let count = unsafe calls.receive(descriptor, room, &arrival, isJoining: joinsTrains)
            if count >= 0 {
                let train = Train(peer: Address(arrival.from), segment: Int(arrival.segment))
                guard accept(train, count, isCut: arrival.truncated != 0) else { continue }
                return (train, count)
            }
            switch ReceiveFate(Int32(truncatingIfNeeded: -count)) {
            case .nothing: return nil
            case .again: continue
            case .passing: statistics.receiveErrors &+= 1
            case .broken: throw Broken(call: "recvmsg", code: Int32(truncatingIfNeeded: -count))
            }
        }
        isFlooded = true  // by rubbish
        return nil
    }

    private mutating func accept(_ train: Train, _ count: Int, isCut: Bool) -> Bool {
        let datagrams = train.count(of: count)
        if isCut || train.segment > acceptsUpTo {
            statistics.truncated &+= datagrams
            return false
        }
        if train.peer.isNone {
            statistics.unknownSender &+= datagrams
            return false
        }
        statistics.received.count(datagrams, bytes: count)
        return true
    }

    /// Sends what stands after `taken`, and moves `taken` on by what went.
    mutating func send(
        _ bytes: UnsafeRawBufferPointer, _ train: Train, taken: inout Int, at tyme: Tyme
    ) throws(Broken) -> Sending.Outcome {
        guard reaches(train.peer) else { return refuse(Refusal(.badAddress)) }
        if bytes.count <= train.segment || train.segment <= 0 {
            guard bytes.count <= sendsUpTo else { return refuse(Refusal(.tooLarge)) }
            if let end = try unsafe sendOne(bytes, train.peer) { return end }
            taken = bytes.count
            statistics.sent.count(1, bytes: taken)
            return .sent
        }
        guard train.segment <= sendsUpTo else { return refuse(Refusal(.tooLarge)) }
        while taken < bytes.count {
            let most = min(Self.trainSegments, Self.trainBytes / train.segment) * train.segment
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[taken...])
            let part = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(max(most, train.segment)))
            let asTrain = splitsTrains && part.count > train.segment && !memory.forbids(train, at: tyme)
            let end =
                try unsafe asTrain
                ? sendTrain(part, train, &taken, tyme) : sendOneByOne(part, train, &taken)
            if let end { return end }
        }
        return .sent
    }

    private func reaches(_ peer: Address) -> Bool {
        switch peer.family {
        case .ip4: true
        case .ip6: family == CSK_IP6
        case .none, .unix, .host: false
        }
    }

    /// Nil if all went.
    private mutating func sendTrain(
        _ part: UnsafeRawBufferPointer, _ train: Train, _ taken: inout Int, _ tyme: Tyme
    ) throws(Broken) -> Sending.Outcome? {
        while true {
            let sent = unsafe calls.sendTrain(descriptor, family, train.peer, part, segment: train.segment)
            if sent >= 0 {
                taken += sent
                statistics.sent.count(train.count(of: sent), bytes: sent)
                return nil
            }
            let code = Int32(truncatingIfNeeded: -sent)
            switch code {
            case EINTR: continue
            case EMSGSIZE, EINVAL, EIO, ENOPROTOOPT, EOPNOTSUPP, EPROTO:
                // The way does not carry trains, or none of this segment size; single datagrams may still go.
                let before = taken
                let end = try unsafe sendOneByOne(part, train, &taken)
                if taken > before {
                    memory.note(train.peer, segment: code == EMSGSIZE ? train.segment : 0, at: tyme)
                }
                return end
            default: return try outcome(code)
            }
        }
    }

    /// Nil if all went.
    private mutating func sendOneByOne(
        _ part: UnsafeRawBufferPointer, _ train: Train, _ taken: inout Int
    ) throws(Broken) -> Sending.Outcome? {
        var start = 0
        while start < part.count {
            let end = min(start + train.segment, part.count)
            let one = unsafe UnsafeRawBufferPointer(rebasing: part[start..<end])
            if let outcome = try unsafe sendOne(one, train.peer) { return outcome }
            statistics.sent.count(1, bytes: end - start)
            taken += end - start
            start = end
        }
        return nil
    }

    /// Nil if it went.
    @inline(__always) private mutating func sendOne(
        _ one: UnsafeRawBufferPointer, _ peer: Address
    ) throws(Broken) -> Sending.Outcome? {
        while true {
            let sent = unsafe calls.send(descriptor, family, peer, one)
            if sent >= 0 { return nil }
            let code = Int32(truncatingIfNeeded: -sent)
            if code != EINTR { return try outcome(code) }
        }
    }

    private mutating func outcome(_ code: Int32) throws(Broken) -> Sending.Outcome {
        switch SendFate(code, isLocal: false) {
        case .full, .again:
            statistics.full &+= 1
            return .full
        case .peerFull:
            statistics.peerFull &+= 1
            return .peerFull
        case .refused(let reason): return refuse(Refusal(reason, code: code))
        case .broken: throw Broken(call: "sendmsg", code: code)
        }
    }

    private mutating func refuse(_ refusal: Refusal) -> Sending.Outcome {
        statistics.refused &+= 1
        return .refused(refusal)
    }
}
