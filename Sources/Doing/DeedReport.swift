import Containers

/// What a scheduler knows of one doer; see ``Doist/reports``.
public struct DeedReport: Hashable, Sendable, CustomStringConvertible {
    /// Where a doer is in its life, or how that ended.
    public enum Outcome: UInt8, Hashable, Sendable {
        /// Never entered.
        case notEntered
        /// Entered and not ended.
        case active
        /// Came to its own end.
        case done
        /// Closed by force.
        case closed
        /// Its enter or recur threw.
        case failed
        /// Its doist went away without exit; none of its contexts was called.
        case abandoned
    }

    /// Names from the doist down to the doer.
    public let path: [String]
    /// Its own tock.
    public let tock: Double
    /// Where it is, or how it ended.
    public let outcome: Outcome
    /// When it is due next: nil if it is not scheduled, infinite if parked until woken.
    public let nextTyme: Tyme?
    /// Whether it waits for that tyme or a wake rather than for its tock.
    public let isParked: Bool

    public var description: String {
        var text = "\(path.joined(separator: "/")) \(outcome)"
        if let nextTyme { text += isParked ? " parked until \(nextTyme)" : " next \(nextTyme)" }
        return text
    }
}

extension Deck {
    /// The scheduled doers in place order.
    var deeds: [Doer] {
        var deeds: [Doer] = []
        var next = pointee.head
        while let deed = next {
            deeds.append(deed.doer)
            next = deed.pointee.next
        }
        return deeds
    }

    /// Reports on all doers listed or scheduled here and below, each scheduler before its doers.
    func report(under path: [String], into reports: inout [DeedReport]) {
        let unlisted = deeds.filter { !lists($0) }
        for doer in doers + unlisted {
            let deed = doer.deed
            let isHere = deed.pointee.phase == .idle || deed.pointee.owner == self
            let path = path + [doer.name]
            reports.append(
                DeedReport(
                    path: path, tock: doer.tock, outcome: deed.pointee.outcome,
                    nextTyme: isHere ? doer.nextTyme : nil, isParked: isHere && deed.pointee.isParked))
            deed.pointee.deck?.report(under: path, into: &reports)
        }
    }
}
