import Doing
import Wiring

/// What a transport, stream or listener of a replay has said last: changes stand in the recording, where they were
/// asked for.
final class ReplayedSource {
    let replay: Replay
    let number: Int
    private(set) var lastReadiness = Readiness.polled
    private var lastWakeTyme: Tyme?
    private var described: [Address: String] = [:]
    private var lastRemote: Address
    private var lastLocal: Address
    private var wasConnecting = false
    /// Whether there is something to close.
    private var isOpen = false

    init(_ replay: Replay, _ number: Int, remote: Address = .none, local: Address = .none) {
        (self.replay, self.number, lastRemote, lastLocal) = (replay, number, remote, local)
    }

    func next() -> RecordingEntry? { replay.next(number) }

    func differ(
        _ happened: String, _ found: RecordingEntry?, _ now: RawSpan = RawSpan(), _ then: Range<Int>? = nil
    ) -> TransportError { replay.differ(happened, found, number, now, then) }

    // MARK: Of all

    func opened(_ readiness: Readiness) { lastReadiness = readiness }

    var readiness: Readiness {
        if case .readiness(let readiness)? = replay.peek(number) {
            replay.skip()
            lastReadiness = readiness
        }
        return lastReadiness
    }

    var wakeTyme: Tyme? {
        if case .wakeTyme(let tyme)? = replay.peek(number) {
            replay.skip()
            lastWakeTyme = tyme
        }
        return lastWakeTyme
    }

    func describe(_ address: Address) -> String {
        if case .described(address, let text)? = replay.peek(number) {
            replay.skip()
            described[address] = text
        }
        return described[address] ?? address.description
    }

    // MARK: Of streams and listeners

    var remote: Address {
        if case .place(false, let address)? = replay.peek(number) {
            replay.skip()
            lastRemote = address
        }
        return lastRemote
    }

    var local: Address {
        if case .place(true, let address)? = replay.peek(number) {
            replay.skip()
            lastLocal = address
        }
        return lastLocal
    }

    var isConnecting: Bool {
        if case .connecting(let isConnecting)? = replay.peek(number) {
            replay.skip()
            wasConnecting = isConnecting
        }
        return wasConnecting
    }

    func open(for doer: Doer?) throws(TransportError) {
        replay.owners[number] = doer?.name
        switch next() {
        case .begun?: isOpen = true
        case .failed(let error)?: throw error
        case let found: throw differ("opened", found)
        }
    }

    /// Something that has no answer, and must stand in the recording.
    func tell(_ entry: RecordingEntry, _ words: String) {
        let found = next()
        if found != entry { _ = differ(words, found) }
    }

    func close(_ entry: RecordingEntry = .closed) {
        guard isOpen else { return }
        isOpen = false
        tell(entry, entry.words)
    }
}
