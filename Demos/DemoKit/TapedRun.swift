import Doing
import Foundation
import Memoing
import Sockets
import Taping
import Wiring

/// Whether a demo's run is recorded, is a replay, or is neither.
final class TapedRun {
    let recorder: Recorder?
    let replay: Replay?
    /// How the replay went.
    private(set) var outcome: Replay.Outcome?
    /// What ends the run.
    let signals: RealPace.Signals
    private let seed: UInt64?

    /// Neither.
    init(stopOn signals: RealPace.Signals) {
        (recorder, replay, seed) = (nil, nil, nil)
        self.signals = signals
    }

    /// Recorded, with all randomness drawn from `seed`.
    init(_ recorder: Recorder, seed: UInt64, stopOn signals: RealPace.Signals) {
        self.signals = signals
        self.recorder = recorder
        replay = nil
        self.seed = seed
    }

    /// Replayed.
    init(_ replay: Replay) {
        recorder = nil
        signals = []
        self.replay = replay
        seed = replay.recording.header.seed
    }

    /// Runs `body`, recorded to a file if there is a path.
    ///
    /// - Parameters:
    ///   - program: what can replay it.
    ///   - words: what it was called with.
    static func run(
        _ program: String, _ words: [String], to path: String?, stopOn signals: RealPace.Signals,
        _ body: (TapedRun) throws -> Bool
    ) throws -> Bool {
        guard let path else { return try body(TapedRun(stopOn: signals)) }
        let file = try RecordingFile(path)
        var system = SystemRandomNumberGenerator()
        let header = RecordingHeader(program: program, arguments: words, seed: system.next())
        let recorder = Recorder(header) { try file.write($0) }
        let isDone: Bool
        do { isDone = try body(TapedRun(recorder, seed: header.seed, stopOn: signals)) } catch {
            try? recorder.finish()
            throw error
        }
        try recorder.finish()
        return isDone
    }

    /// Recorded, or replayed.
    var isTaped: Bool { recorder != nil || replay != nil }

    /// The next inlet.
    func inlet(_ name: String) throws -> Inlet {
        if let replay { return try Inlet(replay, name: name) }
        return Inlet(recorder, name: name)
    }

    /// The system's randomness, or that of the seed.
    var random: TapedGenerator { TapedGenerator(seed: seed) }

    /// Where a replay prints: nowhere.
    var reporter: Reporter? { replay == nil ? nil : Reporter(json: false) { _ in } }

    /// Runs the replay, if it is one.
    func replays(_ doers: [Doer]) throws -> Bool {
        guard let replay else { return false }
        outcome = try replay.run(doers)
        return true
    }
}

/// The system's randomness, or a seed's.
struct TapedGenerator: RandomSource {
    private var seeded: Xoshiro256?
    private var system = SystemGenerator()

    init(seed: UInt64?) { seeded = seed.map { Xoshiro256(seed: $0) } }

    mutating func next() -> UInt64 { seeded?.next() ?? system.next() }
    mutating func fork() -> TapedGenerator {
        var forked = self
        forked.seeded = seeded?.fork()
        return forked
    }
}

extension Inlet {
    /// An address, which a transport may have numbered.
    func address(_ body: () throws -> Address) rethrows -> Address {
        let bytes = try take {
            let address = try body()
            return [address.tag, address.hi, address.lo].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
            }
        }
        guard bytes.count == 24 else { return .none }
        let words = (0..<3).map { word in
            bytes[(word * 8)..<(word * 8 + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return Address(tag: words[0], hi: words[1], lo: words[2])
    }
}
