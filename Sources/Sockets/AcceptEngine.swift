import CSockets
import Doing
import Wiring

/// A listener's way with the connections that wait: what every error number means, and when to look again.
///
/// It owns no descriptor: the listeners open and close.
struct AcceptEngine<Calls: StreamCalls> {
    /// Connections that were gone before they were taken, passed over in one call.
    static var passedOver: Int { 256 }
    /// Seconds of tyme until the next try after the descriptors ran out; doubled each time up to the last.
    static var firstPause: Double { 1.0 / 32 }
    static var lastPause: Double { 1 }

    var calls: Calls
    var descriptor: Int32 = -1
    var statistics = ListenerStatistics()
    /// Nothing is tried before this tyme; nil while all is well.
    private(set) var retryTyme: Tyme?
    private var pause = 0.0

    init(_ calls: Calls) { self.calls = calls }

    /// The next connection, or nil if none waits or none can be taken now.
    mutating func accept(at tyme: Tyme) throws(Broken) -> (descriptor: Int32, from: Address)? {
        if let retryTyme, tyme < retryTyme { return nil }
        var left = Self.passedOver
        var from = Address.none
        while left > 0 {
            left -= 1
            let made = calls.accept(descriptor, &from)
            if made >= 0 {
                (retryTyme, pause) = (nil, 0)
                statistics.accepted &+= 1
                return (made, from)
            }
            switch AcceptFate(-made) {
            case .nothing:
                (retryTyme, pause) = (nil, 0)
                return nil
            case .again: continue
            case .passing: statistics.passedOver &+= 1
            case .exhausted:
                statistics.exhausted &+= 1
                pause = min(max(pause * 2, Self.firstPause), Self.lastPause)
                retryTyme = tyme + pause
                return nil
            case .broken: throw Broken(call: "accept", code: -made)
            }
        }
        return nil  // a flood of connections that are gone already: the poller says again that more wait
    }

    /// Closes a connection that was taken but cannot be made what it has to be: it has gone already.
    mutating func pass(_ taken: Int32) {
        calls.close(taken)
        statistics.accepted &-= 1
        statistics.passedOver &+= 1
    }
}
