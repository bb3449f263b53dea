import Wiring

/// Destinations whose queue was full when a memo was to go there: those are told of when there is room again.
struct Wanting {
    private(set) var addresses: [Address] = []
    /// The queue of all was full.
    private(set) var isForAll = false

    /// Beyond that many the word is of all.
    private static let most = 64

    @inline(__always) var isEmpty: Bool { addresses.isEmpty && !isForAll }

    mutating func note(_ address: Address) {
        guard !addresses.contains(address) else { return }
        if addresses.count < Wanting.most { addresses.append(address) } else { isForAll = true }
    }

    mutating func noteAll() { isForAll = true }
    mutating func forget(_ index: Int) { addresses.remove(at: index) }
    mutating func forgetAll() { isForAll = false }
}

extension Memoer {
    /// Takes note of a memo that found no room.
    @inline(never) mutating func want(_ error: MemoError, _ destination: Address) -> MemoError {
        switch error {
        case .queueFull, .queueBytesFull:
            if hasRoom(destination) { wanting.noteAll() } else { wanting.note(destination) }
        default: break
        }
        return error
    }

    /// Room is told of when half of it is there.
    private var isHalfEmpty: Bool {
        let held = sure.outbox.held
        return outbox.queuedMemos + held.memos <= limits.queuedMemos / 2
            && outbox.queuedBytes + held.bytes <= limits.queuedBytes / 2
    }

    private func hasRoom(_ address: Address) -> Bool {
        let lane = sure.outbox.find(address, addressHash)
        let plain = outbox.waiting(for: address, addressHash) ?? (memos: 0, bytes: 0)
        let (memos, bytes) = (limits.queuedMemosPerPeer / 2, limits.queuedBytesPerPeer / 2)
        guard plain.memos <= memos, plain.bytes <= bytes else { return false }
        return lane < 0
            || sure.outbox.lanes[Int(lane)].unfinished <= memos && sure.outbox.lanes[Int(lane)].bytes <= bytes
    }

    /// Whether there is room again that somebody wants.
    @inline(never) func hasWantedRoom() -> Bool {
        wanting.isForAll && isHalfEmpty || wanting.addresses.contains(where: hasRoom)
    }

    /// The next word of room.
    @inline(never) mutating func pollRoom() -> MemoerEvent? {
        if wanting.isForAll, isHalfEmpty {
            wanting.forgetAll()
            return .room(to: nil)
        }
        for (index, address) in wanting.addresses.enumerated() where hasRoom(address) {
            wanting.forget(index)
            return .room(to: address)
        }
        return nil
    }
}
