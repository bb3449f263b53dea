import Doing
import Wiring

/// What a transport, stream or listener of a replay has said last. Changes stand in the recording behind the call that
/// brought them; ``Replay/settle()`` hands them over, so that to ask changes nothing.
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
        replay.adopt(self)
    }

    func next() -> RecordingEntry? { replay.next(number) }

    func differ(
        _ happened: String, _ found: RecordingEntry?, _ now: RawSpan = RawSpan(), _ then: Range<Int>? = nil
    ) -> TransportError { replay.differ(happened, found, number, now, then) }

    // MARK: Of all

    func opened(_ readiness: Readiness) { lastReadiness = readiness }

    /// Takes in a change.
    func take(_ state: RecordingEntry) {
        switch state {
        case .readiness(let readiness): lastReadiness = readiness
        case .wakeTyme(let tyme): lastWakeTyme = tyme
        case .described(let address, let text): described[address] = text
        case .place(let isLocal, let address): if isLocal { lastLocal = address } else { lastRemote = address }
        case .connecting(let isConnecting): wasConnecting = isConnecting
        default: break
        }
    }

    var readiness: Readiness { settled.lastReadiness }
    var wakeTyme: Tyme? { settled.lastWakeTyme }
    func describe(_ address: Address) -> String { settled.described[address] ?? address.description }

    /// This, with all that was said of it so far.
    private var settled: ReplayedSource {
        replay.settle()
        return self
    }

    // MARK: Of streams and listeners

    var remote: Address { settled.lastRemote }
    var local: Address { settled.lastLocal }
    var isConnecting: Bool { settled.wasConnecting }

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
