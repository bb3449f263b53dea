import Wiring

/// The members of a broadcast, kept by its hub: each hears every packet of the others once.
///
/// The hub is the layer that the name is registered in. Members elsewhere have a flow to it, with what that promises.
final class FlowGroup {
    var members: [Flow] = []

    /// Hands `payload` to every member but the one that it came from.
    func relay(_ payload: RawSpan, from source: Flow) -> FlowWrite {
        for member in members where member !== source {
            guard let core = member.core else { continue }
            if member.endpoint != 0 {
                guard member.tx.charge < member.mostQueued, payload.byteCount <= member.longest else {
                    core.statistics.drop(.queueFull)
                    continue
                }
                member.tx.append(payload)
                core.queue(member)
            } else {
                guard member.rx.charge + payload.byteCount < core.limits.rxBytes else {
                    core.statistics.drop(.queueFull)
                    continue
                }
                member.rx.append(payload)
                core.statistics.received += 1
                core.recharge(member)
                member.post(.packet)
            }
        }
        return .written(payload.byteCount)
    }

    func remove(_ flow: Flow) { members.removeAll { $0 === flow } }
}
