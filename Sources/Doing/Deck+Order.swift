import Containers

/// Place order: a linked list with a number on each deed, so that two places compare in one step.
extension Deck {
    /// The distance between the labels of deeds that are appended.
    private static var step: UInt64 { 1 << 40 }
    /// The distance between deeds put one after the other before a running one, where there is room.
    private static var smallStep: UInt64 { 1 << 32 }

    /// Gives a deed the place before `successor`, or the last place, and retains its doer.
    ///
    /// O(1), but O(n) once in some hundreds of insertions at one place, when the numbers there run out.
    func link(_ deed: Deed, before successor: Deed?) {
        let label = makeLabel(before: successor)
        let previous = successor == nil ? pointee.tail : successor!.pointee.previous
        deed.pointee.label = label
        deed.pointee.previous = previous
        deed.pointee.next = successor
        if let previous { previous.pointee.next = deed } else { pointee.head = deed }
        if let successor { successor.pointee.previous = deed } else { pointee.tail = deed }
        pointee.count += 1
        _ = unsafe deed.pointee.doer!.retain()
    }

    /// Takes a deed out of the order; the caller releases its doer when it is through with it.
    func unlink(_ deed: Deed) {
        let (previous, next) = (deed.pointee.previous, deed.pointee.next)
        if let previous { previous.pointee.next = next } else { pointee.head = next }
        if let next { next.pointee.previous = previous } else { pointee.tail = previous }
        deed.pointee.previous = nil
        deed.pointee.next = nil
        pointee.count -= 1
    }

    private func makeLabel(before successor: Deed?) -> UInt64 {
        guard let successor else {
            if let tail = pointee.tail, tail.pointee.label > .max - 2 * Self.step { relabel(roomBefore: nil) }
            return (pointee.tail?.pointee.label ?? 0) + Self.step
        }
        var low = successor.pointee.previous?.pointee.label ?? 0
        if successor.pointee.label - low < 2 {
            relabel(roomBefore: successor)
            low = successor.pointee.previous?.pointee.label ?? 0
        }
        return low + Swift.min(Self.smallStep, (successor.pointee.label - low) / 2)
    }

    /// Numbers all deeds anew, with a huge gap before one of them: where one doer was added others will be.
    private func relabel(roomBefore successor: Deed?) {
        let step = Swift.min(Self.step, (1 << 62) / UInt64(pointee.count + 1))
        var label: UInt64 = 0
        var next = pointee.head
        while let deed = next {
            label += step
            if deed == successor { label += 1 << 62 }
            deed.pointee.label = label
            next = deed.pointee.next
        }
        pointee.ahead.rekey { $0.pointee.label }
        pointee.batch.relabel()
        findRival()
    }
}
