import CSockets
import Doing
import Wiring

/// Which descriptor wakes which doer: one epoll (kqueue on Apple systems) and a table by descriptor number.
///
/// A descriptor that was closed without ``unwatch(_:)`` may come back as somebody else's number. The table gives every
/// watch a number of its own, so that a late event of the old one wakes nobody, and a late `unwatch` for the old one
/// does not end the new one's watch.
@safe final class Poller {
    private struct Watch {
        var doer: Doer
        var number: UInt32
        var isWritable: Bool
        /// Watches of this number whose descriptor went without an unwatch, and whose unwatch may still come.
        var lost: Int
    }

    /// Events taken from the kernel in one call.
    private static var batch: Int { 256 }
    /// No descriptor has the number of its low half.
    private static var kickToken: UInt64 { .max }

    /// The epoll or kqueue descriptor.
    private(set) var descriptor: Int32
    private var watches: [Watch?] = []
    private var count = 0
    private var lastNumber: UInt32 = 0
    private var kick: Int32 = -1
    private let events: UnsafeMutablePointer<csk_event>

    init() throws(TransportError) {
        let made = csk_poller_open()
        guard made >= 0 else { throw .failed("epoll_create", made, "poller") }
        descriptor = made
        unsafe events = .allocate(capacity: Self.batch)
        unsafe events.initialize(repeating: csk_event(), count: Self.batch)
    }

    deinit {
        _ = csk_close(descriptor)
        unsafe events.deallocate()
    }

    /// Wakes `doer` whenever `watched` is readable, in place of whoever it woke before.
    func watch(_ watched: Int32, _ doer: Doer) throws(TransportError) {
        precondition(watched >= 0, "watch of descriptor \(watched)")
        lastNumber &+= 1
        let isNew = try set(watched, lastNumber, CSK_READABLE) == 1
        let index = Int(watched)
        if index >= watches.count { watches.append(contentsOf: repeatElement(nil, count: index + 1 - watches.count)) }
        var lost = watches[index]?.lost ?? 0
        if watches[index] == nil { count += 1 } else if isNew { lost += 1 }
        watches[index] = Watch(doer: doer, number: lastNumber, isWritable: false, lost: lost)
    }

    /// Whether a watched descriptor wakes its doer when it becomes writable, too. Not watched: does nothing.
    func watchWritable(_ watched: Int32, _ on: Bool) throws(TransportError) {
        guard let watch = self[watched], watch.isWritable != on else { return }
        _ = try set(watched, watch.number, on ? CSK_READABLE | CSK_WRITABLE : CSK_READABLE)
        watches[Int(watched)]?.isWritable = on
    }

    /// Ends a watch; nothing happens if there is none.
    func unwatch(_ watched: Int32) {
        guard let watch = self[watched] else { return }
        if watch.lost > 0 {
            watches[Int(watched)]?.lost -= 1
            return
        }
        _ = csk_poller_remove(descriptor, watched)  // fails if it was closed: then it is gone already
        watches[Int(watched)] = nil
        count -= 1
    }

    /// Whom a descriptor wakes.
    func watcher(of watched: Int32) -> Doer? { self[watched]?.doer }

    private subscript(_ watched: Int32) -> Watch? {
        watched >= 0 && Int(watched) < watches.count ? watches[Int(watched)] : nil
    }

    private func set(_ watched: Int32, _ number: UInt32, _ flags: Int) throws(TransportError) -> Int32 {
        let token = UInt64(number) << 32 | UInt64(UInt32(watched))
        let result = csk_poller_set(descriptor, watched, token, Int32(flags))
        guard result >= 0 else { throw .failed("epoll_ctl", result, "descriptor \(watched)") }
        return result
    }

    /// What a call of ``collect(_:)`` found.
    struct Found {
        /// Anything at all.
        var isAny = false
        /// The kick's descriptor is readable.
        var isKicked = false
        /// The kernel named a descriptor that has gone but cannot be removed: somebody, for instance a forked child,
        /// holds its socket. Then ``rebuild()`` is due, or it would end every sleep.
        var hasGhosts = false
    }

    /// Watches what ends a sleep from other threads, for no doer.
    func watchKick(_ readEnd: Int32) throws(TransportError) {
        let result = csk_poller_set(descriptor, readEnd, Self.kickToken, Int32(CSK_READABLE))
        guard result >= 0 else { throw .failed("epoll_ctl", result, "kick") }
        kick = readEnd
    }

    /// Wakes the doers of all descriptors that are ready. Their order is the scheduler's business.
    ///
    /// Waits at most `timeout` nanoseconds until there is one: 0 not at all, negative for ever. A signal ends the wait.
    func collect(_ timeout: Int64 = 0) throws(TransportError) -> Found {
        var all = Found()
        var timeout = timeout
        // Level-triggered events come again in every call: enough calls that every descriptor had its turn.
        for _ in 0...count / Self.batch {
            let found = unsafe csk_poller_wait(descriptor, events, Int32(Self.batch), timeout)
            if found == -EINTR { break }
            guard found >= 0 else { throw .failed("epoll_wait", found, "poller") }
            if found > 0 { all.isAny = true }
            for index in 0..<Int(found) { unsafe wake(events[index], &all) }
            if found < Int32(Self.batch) { break }
            timeout = 0
        }
        return all
    }

    private func wake(_ event: csk_event, _ all: inout Found) {
        if event.token == Self.kickToken { return all.isKicked = true }
        let number = UInt32(truncatingIfNeeded: event.token >> 32)
        guard let watch = self[Int32(truncatingIfNeeded: event.token & 0x7FFF_FFFF)], watch.number == number else {
            return all.hasGhosts = true
        }
        watch.doer.wakeFromPace()
    }

    /// Makes a new poller with the same watches, in which what cannot be removed is no more.
    func rebuild() throws(TransportError) {
        let made = csk_poller_open()
        guard made >= 0 else { throw .failed("epoll_create", made, "poller") }
        _ = csk_close(descriptor)
        descriptor = made
        if kick >= 0 { try watchKick(kick) }
        for index in watches.indices {
            guard let watch = watches[index] else { continue }
            let flags = watch.isWritable ? CSK_READABLE | CSK_WRITABLE : CSK_READABLE
            // A descriptor that is closed by now cannot be watched and needs no watch.
            _ = try? set(Int32(index), watch.number, flags)
        }
    }
}
