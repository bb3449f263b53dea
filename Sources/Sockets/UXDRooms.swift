import CSockets
import Wiring

/// Watches peers whose queues are full, so that their datagrams go on as soon as there is room.
///
/// Each full peer has a probe: a socket connected to it, which the system can ask for room, where it cannot ask an
/// unconnected one. All probes of a socket stand behind one descriptor. Peers beyond the bound, those that let nobody
/// connect, and systems without the means wait for the next tick.
final class UXDRooms {
    /// Full peers that are watched at once.
    static let limit = 16

    private var rooms: Int32 = -1
    private var probes: [(peer: Address, descriptor: Int32)] = []
    private var isUnable = false

    deinit { close() }

    /// `peer`, at `path`, has just refused a datagram for want of room.
    func watch(_ peer: Address, _ path: UnsafeRawBufferPointer) {
        if let index = probes.firstIndex(where: { $0.peer == peer }) {
            if csk_rooms_again(rooms, probes[index].descriptor) < 0 { remove(at: index) }
            return
        }
        guard !isUnable, probes.count < Self.limit else { return }
        if rooms < 0 { rooms = csk_rooms_open() }
        guard rooms >= 0 else {
            isUnable = true
            return
        }
        let probe = unsafe csk_rooms_add(rooms, path.baseAddress?.assumingMemoryBound(to: CChar.self), path.count)
        if probe >= 0 { probes.append((peer, probe)) }
    }

    /// `peer` has taken all, or will never take it.
    func forget(_ peer: Address) {
        guard !probes.isEmpty, let index = probes.firstIndex(where: { $0.peer == peer }) else { return }
        remove(at: index)
    }

    private func remove(at index: Int) { _ = csk_close(probes.remove(at: index).descriptor) }

    /// What to watch while some peer is full, and quiet until one has room; nil if there is no such thing.
    func descriptor(whileBlocked isBlocked: Bool) -> Int32? {
        guard rooms >= 0 else { return nil }
        if !isBlocked {
            while !probes.isEmpty { remove(at: probes.count - 1) }
        }
        return rooms
    }

    /// Forgets what was told so far; a peer that is still full is told of anew.
    func clear() {
        if rooms >= 0, !probes.isEmpty { csk_rooms_clear(rooms) }
    }

    func close() {
        while !probes.isEmpty { remove(at: probes.count - 1) }
        if rooms >= 0 { _ = csk_close(rooms) }
        rooms = -1
    }
}
