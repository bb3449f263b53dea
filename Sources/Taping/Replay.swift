import Doing
import Wiring

/// Runs the same doers again on a recording, without sockets and clock, and compares every byte they send.
///
/// ```swift
/// let replay = Replay(try Recording(bytes))
/// let peer = CoreDoer(core, over: try Replayed(replay, name: "socket"))
/// switch try replay.run([peer]) {
/// case .same(let tally): …
/// case .different(let difference): print(difference)
/// }
/// ```
public final class Replay {
    /// How a replay ended.
    public enum Outcome: Hashable, Sendable {
        /// Everything was as recorded, and how much that was.
        case same(ReplayTally)
        /// The first thing that was not.
        case different(ReplayDifference)
    }

    /// What is replayed.
    public let recording: Recording
    /// The first difference so far.
    public private(set) var difference: ReplayDifference?
    /// The names of the doers that own the sources.
    var owners: [Int: String] = [:]
    /// What tells a source of its state. Looked up only, never walked.
    private var sources: [Int: (RecordingEntry) -> Void] = [:]
    /// Of all sources so far, in the order in which they were made.
    private var names: [String] = []
    /// Which of them has a number: another one may have it later. Looked up only.
    private var latest: [Int: Int] = [:]
    private var isRunning = false
    private var cursor = 0
    /// What went by so far.
    private(set) var tally = ReplayTally()
    private var tyme = 0.0

    /// A replay of `recording`, from its beginning.
    public init(_ recording: Recording) { self.recording = recording }

    // MARK: - Running

    /// Runs `doers` to the end of the recording, or to the first difference.
    ///
    /// - Parameters:
    ///   - doers: the same, in the same order, with every transport a ``Replayed`` one.
    ///   - onError: as it was when it was recorded.
    /// - Throws: ``RecordingError/mismatch(_:)`` if the recording does not begin with a doist.
    public func run(_ doers: [Doer], onError: ErrorPolicy = .failAll) throws -> Outcome {
        guard case .start(let tyme, let tock, let isRealTime)? = recording.entry(cursor)?.value else {
            throw RecordingError.mismatch("the recording has no doist where one is expected, or more sources than this")
        }
        cursor += 1
        isRunning = true
        self.tyme = tyme
        let pace = ReplayPace()
        let doist = try Doist(
            tyme: tyme, tock: tock, onError: onError, skipsIdle: true, pace: isRealTime ? pace : nil, doers: doers)
        var error: (any Error)?
        do { try doist.enter() } catch let thrown { error = thrown }
        while difference == nil, let (entry, _) = settled(), entry != .end {
            do { try follow(entry, doist, pace, error) } catch let thrown { error = thrown }
        }
        if doist.isEntered { try? doist.exit() }
        if let difference { return .different(difference) }
        // A run that ended where nothing more is recorded, as one that could not open its socket, ended so then too.
        if let error, !hasExited, recording.entry(cursor)?.value != .end {
            return .different(differ("threw \(error)", recording.entry(cursor)?.value))
        }
        return .same(tally)
    }

    private var hasExited = false

    private func follow(_ entry: RecordingEntry, _ doist: Doist, _ pace: ReplayPace, _ error: (any Error)?) throws {
        if case .exit(let tyme, let isSignalled) = entry {
            guard !doist.isEntered || move(doist, to: tyme, entry) else { return }
            cursor += 1
            hasExited = true
            pace.isStopRequested = isSignalled
            if doist.isEntered { try doist.exit() }
            return
        }
        if hasExited || error != nil || !doist.isEntered {
            differ(error.map { "threw \($0)" } ?? "nothing was left to do", entry)
            return
        }
        switch entry {
        case .wake(let tyme, let labels):
            guard move(doist, to: tyme, entry) else { return }
            cursor += 1
            if !doist.wake(at: DeedPlace(labels: labels)) { differ("no doer stands there", entry, at: cursor - 1) }
        case .pass(let kind, let tyme):
            guard move(doist, to: tyme, entry) else { return }
            cursor += 1
            tally.passes += 1
            try doist.replayPass(kind)
        default: differ("nobody asked for it", entry)
        }
    }

    private func move(_ doist: Doist, to tyme: Tyme, _ entry: RecordingEntry) -> Bool {
        if doist.advance(to: tyme) {
            self.tyme = tyme
            return true
        }
        differ(
            "the doist is at tyme \(doist.tyme), and next due at \(doist.nextTyme.map { "\($0)" } ?? "never")", entry)
        return false
    }

    // MARK: - For the sources

    /// The next source of the recording, which must have this name: its number among all, and what it is.
    func source(_ name: String) throws(RecordingError) -> (Int, RecordingSource) {
        guard let (entry, number) = settled(), case .source(let source, let recorded) = entry else {
            throw mismatch("the recording has no source \(name) here")
        }
        guard name == recorded else { throw mismatch("source \(names.count) was \(recorded), not \(name)") }
        cursor += 1
        latest[number] = names.count
        names.append(name)
        return (names.count - 1, source)
    }

    /// Another source than the recorded one: the first difference of a replay that runs.
    func mismatch(_ words: String) -> RecordingError {
        if isRunning { differ(words, recording.entry(cursor)?.value) }
        return .mismatch(words)
    }

    func adopt(_ source: ReplayedSource) { sources[source.number] = { [weak source] in source?.take($0) } }

    /// Hands over what the next records say of the state of sources.
    func settle() { _ = settled() }

    /// The next record that says more than what state a source is in.
    private func settled() -> (value: RecordingEntry, source: Int)? {
        while difference == nil, let (entry, number) = recording.entry(cursor) {
            switch entry {
            case .readiness, .wakeTyme, .described, .place, .connecting:
                if let source = latest[number] { sources[source]?(entry) }
                cursor += 1
            default: return (entry, number)
            }
        }
        return recording.entry(cursor)
    }

    func peek(_ source: Int) -> RecordingEntry? {
        guard difference == nil, let (entry, number) = settled(), latest[number] == source else { return nil }
        return entry
    }

    /// The next record, if it is one of this source, and any but a wake or a pass.
    func next(_ source: Int) -> RecordingEntry? {
        guard let entry = peek(source) else { return nil }
        switch entry {
        case .pass, .wake, .exit, .end, .start, .source: return nil
        default:
            cursor += 1
            return entry
        }
    }

    func count(received datagrams: Int) { tally.received += datagrams }

    func count(offered datagrams: Int, bytes: Int) {
        tally.offered += datagrams
        tally.compared += bytes
    }

    func count(read bytes: Int) { tally.read += bytes }

    func count(wrote bytes: Int) {
        tally.wrote += bytes
        tally.compared += bytes
    }

    func countStream() { tally.streams += 1 }

    func isSame(_ now: RawSpan, _ range: Range<Int>) -> Bool {
        guard now.byteCount == range.count else { return false }
        return firstDifference(now, range) == nil
    }

    private func firstDifference(_ now: RawSpan, _ range: Range<Int>) -> Int? {
        unsafe recording.bytes.withUnsafeBytes { all in
            unsafe now.withUnsafeBytes { now in
                let then = unsafe UnsafeRawBufferPointer(rebasing: all[range])
                let common = min(then.count, now.count)
                for index in 0..<common where unsafe then[index] != now[index] { return index }
                return then.count == now.count ? nil : common
            }
        }
    }

    // MARK: - The first difference

    private func isSum(_ entry: RecordingEntry?) -> Bool {
        switch entry {
        case .sentSum?, .wroteSum?: true
        default: false
        }
    }

    /// Notes the first difference, about a source; what is thrown ends the run.
    func differ(
        _ happened: String, _ found: RecordingEntry?, _ source: Int, _ now: RawSpan = RawSpan(),
        _ then: Range<Int>? = nil
    ) -> TransportError {
        let name = source < names.count ? names[source] : "\(source)"
        let place = owners[source].map { "\(name) of \($0)" } ?? name
        var (first, rows): (Int?, [String]) = (nil, [])
        if isSum(found) { unsafe rows += hex("now     ", now.withUnsafeBytes { unsafe Array($0) }, from: 0) }
        if let then {
            first = firstDifference(now, then)
            let start = max(0, (first ?? 0) / 16 * 16 - 16)
            rows += hex("recorded", Array(recording.bytes[then]), from: start)
            unsafe rows += hex("now     ", now.withUnsafeBytes { unsafe Array($0) }, from: start)
        }
        let index = found == nil ? cursor : cursor - 1
        note(happened, found ?? recording.entry(cursor)?.value, at: index, place, first, rows)
        return .notOpen(subject: "the replay has come apart: \(name)")
    }

    @discardableResult
    private func differ(_ happened: String, _ found: RecordingEntry?, at index: Int? = nil) -> ReplayDifference {
        note(happened, found, at: index ?? cursor, "schedule", nil, [])
    }

    @discardableResult
    private func note(
        _ happened: String, _ found: RecordingEntry?, at index: Int, _ place: String, _ first: Int?, _ rows: [String]
    ) -> ReplayDifference {
        if let difference { return difference }
        let before = (max(0, index - 6)..<max(0, index)).compactMap { number -> String? in
            recording.entry(number).map { "\(number): \($0.value.words)" }
        }
        let new = ReplayDifference(
            record: index, pass: tally.passes, tyme: tyme, place: place, recorded: found?.words ?? "nothing",
            happened: happened, firstByte: first, bytes: rows, before: before)
        difference = new
        return new
    }

    /// Four rows from `start` on: where, the bytes, and what they are as characters.
    private func hex(_ title: String, _ bytes: [UInt8], from start: Int) -> [String] {
        stride(from: start, to: min(bytes.count, start + 64), by: 16).map { row in
            let bytes = bytes[row..<min(row + 16, bytes.count)]
            let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
            let characters = bytes.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
            let (number, gap) = (String(row), String(repeating: " ", count: 47 - digits.utf8.count))
            return "\(title) \(String(repeating: " ", count: max(0, 6 - number.count)))\(number)  \(digits)\(gap)  "
                + characters
        }
    }
}
