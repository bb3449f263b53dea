import Foundation
import Tracing

/// `rehearse replay`: runs the doers of a recording on it again, and compares every byte they send.
public enum ReplayCommand {
    /// What `--help` says of it.
    public static let usage = """
          replay FILE       runs what `memo-peer --record FILE` has recorded again, without sockets and clock;
                            status 0 if every byte sent is the same, 1 and the first difference if not
        """

    /// The programs whose doers can be made again from their words.
    private static let programs: [(name: String, replay: @Sendable (Recording) throws -> Replay.Outcome)] = [
        ("memo-peer", { try MemoPeer.replay($0) })
    ]

    /// Does what the words say: FILE, and `--json` for one JSON object.
    ///
    /// - Returns: true if everything was as recorded.
    public static func run(_ words: inout Arguments) throws -> Bool {
        guard let path = words.word() else { throw UsageError("replay: say which FILE") }
        let reporter = Reporter(json: words.has("--json"))
        try words.finish()
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("replay \(path): cannot be read")
        }
        switch try outcome([UInt8](data), path) {
        case .same(let passes, let trains, let bytes):
            var line = JSONLine(event: "same")
            line.add("passes", passes)
            line.add("trains", trains)
            line.add("bytes", bytes)
            reporter.say(line, "\(path): the same: \(passes) passes, \(trains) trains, \(bytes) bytes")
            return true
        case .different(let difference):
            var line = JSONLine(event: "different")
            line.add("record", difference.record)
            line.add("pass", difference.pass)
            line.add("tyme", difference.tyme)
            line.add("place", difference.place)
            line.add("recorded", difference.recorded)
            line.add("happened", difference.happened)
            reporter.say(line, "\(path): \(difference)")
            return false
        }
    }

    /// Replays the bytes of a file.
    static func outcome(_ bytes: [UInt8], _ path: String) throws -> Replay.Outcome {
        let recording: Recording
        do { recording = try Recording(bytes) } catch { throw ReplayError(description: "\(path): \(error)") }
        let program = recording.header.program
        guard let found = programs.first(where: { $0.name == program }) else {
            let known = programs.map(\.name).joined(separator: ", ")
            throw ReplayError(description: "\(path): of \"\(program)\"; what can be replayed is \(known)")
        }
        return try found.replay(recording)
    }
}

/// Why a file cannot be replayed.
struct ReplayError: Error, CustomStringConvertible { let description: String }
