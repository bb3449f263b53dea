import Doing
import Simming
import Wiring

/// Drives an end of ``SimIdeal``: it takes in all that has arrived before it sends anything, where a `CoreDoer` answers
/// the first train before it takes in the next.
final class SimIdealEnd<Core: DatagramCore>: Doer {
    private var core: Core
    private var wire: SimPeer
    private let burst: Burst
    /// Called with every event.
    var onEvent: ((Core.Event, Tyme) -> Void)?

    init(_ core: Core, over wire: SimPeer, _ burst: Burst) {
        self.core = core
        self.wire = wire
        self.burst = burst
        super.init()
    }

    override func enter(_ tyme: Tyme) throws { try wire.open(for: self) }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        let limits = wire.limits
        try burst.lend { out in
            while let train = try wire.receive(into: &out, at: tyme) {
                core.handle(out.bytes, train, at: tyme)
                out.removeAll()
            }
            while let event = core.pollEvent() { onEvent?(event, tyme) }
            while let train = core.poll(into: &out, limits, at: tyme) {
                core.sent(try wire.send(out.bytes, train, at: tyme), train, at: tyme)
                out.removeAll()
            }
        }
        return .park(until: core.wakeTyme ?? .infinity)
    }

    override func exit(_ tyme: Tyme) { wire.close() }
}
