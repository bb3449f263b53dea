import CSockets
import Wiring

/// A Unix-datagram socket's way with datagrams: names for paths, partial trains, and what every error number means.
///
/// It owns no descriptor: ``UXDPeer`` opens and closes.
struct UXDEngine<Calls: UXDCalls> {
    /// Datagrams that one receive passes over before it lets others run.
    static var passedOver: Int { 256 }

    var calls: Calls
    var descriptor: Int32 = -1
    /// Longest datagram that is sent.
    var sendsUpTo: Int
    /// Longest datagram that is handed on.
    var acceptsUpTo: Int
    /// Hands on datagrams whose sender has no path to answer to.
    var acceptsUnnamed: Bool
    var statistics = TransportStatistics()
    /// The last receive gave up before it found anything, or nothing: a poller that tells of changes only would not
    /// say that there is more, so it is looked again at the next tick.
    private(set) var isFlooded = false
    private let sources = UXDNameCache()
    private let destinations = UXDNameCache()
    private let arrival = ArrivalRoom()
    /// Watches the peers that are full.
    let rooms = UXDRooms()

    init(_ calls: Calls, sendsUpTo: Int, acceptsUpTo: Int, acceptsUnnamed: Bool) {
        self.calls = calls
        self.sendsUpTo = sendsUpTo
        self.acceptsUpTo = acceptsUpTo
        self.acceptsUnnamed = acceptsUnnamed
    }

    /// Receives the next datagram into `room`; the second value is how many bytes it is.
    mutating func receive(_ room: UnsafeMutableRawBufferPointer) throws(Broken) -> (Train, Int)? {
        var left = Self.passedOver
        isFlooded = false
        while left > 0 {
            left -= 1
            let count = unsafe calls.receive(descriptor, room, arrival.pointer)
            if count >= 0 {
                guard let peer = accept(count) else { continue }
                statistics.received.count(1, bytes: count)
                return (Train(peer: peer, segment: count), count)
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

    private mutating func accept(_ count: Int) -> Address? {
        if unsafe arrival.pointer.pointee.truncated != 0 || count > acceptsUpTo {
            statistics.truncated &+= 1
            return nil
        }
        let path = unsafe arrival.path
        if unsafe !path.isEmpty, let peer = unsafe sources.address(of: path) { return peer }
        if acceptsUnnamed { return Address.none }
        statistics.unknownSender &+= 1
        return nil
    }

    /// Sends what stands after `taken`, and moves `taken` on by what went.
    mutating func send(
        _ bytes: UnsafeRawBufferPointer, _ train: Train, taken: inout Int
    ) throws(Broken) -> Sending.Outcome {
        guard destinations.find(train.peer) else { return refuse(Refusal(.badAddress)) }
        let isSingle = bytes.count <= train.segment || train.segment <= 0
        let segment = isSingle ? bytes.count : train.segment
        guard segment <= sendsUpTo else { return refuse(Refusal(.tooLarge)) }
        var went = 0
        let start = taken
        defer { if went > 0 { statistics.sent.count(went, bytes: taken - start) } }
        repeat {
            let end = min(taken + segment, bytes.count)
            let one = unsafe UnsafeRawBufferPointer(rebasing: bytes[taken..<end])
            if let outcome = try unsafe sendOne(one) {
                if outcome == .peerFull {
                    unsafe rooms.watch(train.peer, destinations.path)
                } else {
                    rooms.forget(train.peer)
                }
                return outcome
            }
            taken = end
            went += 1
        } while taken < bytes.count
        rooms.forget(train.peer)
        return .sent
    }

    private mutating func sendOne(_ one: UnsafeRawBufferPointer) throws(Broken) -> Sending.Outcome? {
        while true {
            let sent = unsafe calls.send(descriptor, destinations.path, one)
            if sent >= 0 { return nil }
            let code = Int32(truncatingIfNeeded: -sent)
            switch SendFate(code, isLocal: true) {
            case .again: continue
            case .full, .peerFull:
                statistics.peerFull &+= 1
                return .peerFull
            case .refused(let reason): return refuse(Refusal(reason, code: code))
            case .broken: throw Broken(call: "sendto", code: code)
            }
        }
    }

    private mutating func refuse(_ refusal: Refusal) -> Sending.Outcome {
        statistics.refused &+= 1
        return .refused(refusal)
    }
}

/// Where the system writes who sent: kept, so that a receive clears nothing and allocates nothing.
@safe final class ArrivalRoom {
    let pointer: UnsafeMutablePointer<csk_unix_arrival>

    init() {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: csk_unix_arrival())
    }

    deinit { unsafe pointer.deallocate() }

    /// The sender's path; empty if it has none.
    var path: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: pointer, count: Int(pointer.pointee.length))
    }
}
