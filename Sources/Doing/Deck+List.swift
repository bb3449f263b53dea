import Containers

/// The list of doers of a scheduler: what the user gave, in order, ended ones included.
extension Deck {
    /// The doers in order.
    var doers: [Doer] { pointee.doers.compactMap { $0 } }

    /// Adds a doer at the end.
    func list(_ doer: Doer) {
        let deed = doer.deed
        deed.pointee.listing = self
        deed.pointee.listSlot = UInt32(pointee.doers.count)
        deed.pointee.listings += 1
        pointee.doers.append(doer)
        pointee.listed += 1
    }

    /// Makes the list of these doers.
    func list(all doers: [Doer]) {
        pointee.doers.reserveCapacity(doers.count)
        doers.forEach(list)
    }

    /// Whether a doer is in the list; O(1) unless it is in several lists.
    func lists(_ doer: Doer) -> Bool { index(of: doer) != nil }

    /// Takes a doer out of the list; returns whether it was there.
    func unlist(_ doer: Doer) -> Bool {
        guard let index = index(of: doer) else { return false }
        let deed = doer.deed
        pointee.doers[index] = nil
        pointee.listed -= 1
        deed.pointee.listings -= 1
        if deed.pointee.listing == self { deed.pointee.listing = nil }
        if pointee.doers.count > 16, pointee.listed < pointee.doers.count / 2 { closeHoles() }
        return true
    }

    private func index(of doer: Doer) -> Int? {
        let deed = doer.deed
        guard deed.pointee.listings > 0 else { return nil }
        if deed.pointee.listing == self, pointee.doers[Int(deed.pointee.listSlot)] === doer {
            return Int(deed.pointee.listSlot)
        }
        if deed.pointee.listings == 1, deed.pointee.listing != nil { return nil }  // it is in another list
        return pointee.doers.firstIndex { $0 === doer }
    }

    private func closeHoles() {
        pointee.doers.removeAll { $0 == nil }
        for (index, doer) in pointee.doers.enumerated() where doer!.deed.pointee.listing == self {
            doer!.deed.pointee.listSlot = UInt32(index)
        }
    }
}
