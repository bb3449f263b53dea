import Foundation
import Taping

/// `rehearse replay`: runs the doers of a recording on it again, and compares every byte they send.
public enum ReplayCommand {
    /// What `--help` says of it.
    public static let usage = """
        replay: runs what `memo-peer` or `frame-peer --record FILE` has recorded again, without sockets and clock, and
        compares every byte that it sends: status 0 if all are the same, 1 and the first difference if not, 2 if
        FILE is no whole recording. It takes --json
        """

    /// The programs whose doers can be made again from their words.
    private static let programs: [(name: String, replay: @Sendable (Recording) throws -> Replay.Outcome)] = [
        ("memo-peer", { try MemoPeer.replay($0) }), ("frame-peer", { try FramePeer.replay($0) }),
    ]

    /// Does what the words say: FILE, and `--json` for one JSON object.
    ///
    /// - Returns: true if everything was as recorded.
    package static func run(_ words: inout Arguments) throws -> Bool {
        guard let path = words.word() else { throw UsageError("replay: say which FILE") }
        let reporter = Reporter(json: words.has("--json"))
        try words.finish()
        guard let data = FileManager.default.contents(atPath: path) else {
            throw BadFile(description: "\(path): cannot be read")
        }
        return tell(try outcome([UInt8](data), path), path, reporter)
    }

    /// Prints how it went; true if everything was as recorded.
    private static func tell(_ outcome: Replay.Outcome, _ path: String, _ reporter: Reporter) -> Bool {
        switch outcome {
        case .same(let tally):
            var line = JSONLine(event: "same")
            line.add("passes", tally.passes)
            line.add("received", tally.received)
            line.add("sent", tally.offered)
            line.add("streams", tally.streams)
            line.add("read", tally.read)
            line.add("compared", tally.compared)
            let what =
                tally.streams > 0
                ? "\(tally.streams) \(tally.streams == 1 ? "stream" : "streams"), \(tally.read) bytes read"
                : "\(tally.received) datagrams in, \(tally.offered) out"
            reporter.say(
                line,
                "\(path): replays exactly: \(tally.passes) passes, \(what), \(tally.compared) bytes compared")
            return true
        case .different(let difference):
            var line = JSONLine(event: "different")
            line.add("record", difference.record)
            line.add("pass", difference.pass)
            line.add("tyme", difference.tyme)
            line.add("place", difference.place)
            line.add("recorded", difference.recorded)
            line.add("happened", difference.happened)
            if let first = difference.firstByte { line.add("first_byte", first) }
            reporter.say(line, "\(path): \(difference)")
            return false
        }
    }

    /// Replays the bytes of a file.
    static func outcome(_ bytes: [UInt8], _ path: String) throws -> Replay.Outcome {
        let recording: Recording
        do { recording = try Recording(bytes) } catch { throw BadFile(description: "\(path): \(error)") }
        let program = recording.header.program
        guard let found = programs.first(where: { $0.name == program }) else {
            let known = programs.map(\.name).joined(separator: ", ")
            throw BadFile(description: "\(path): of \"\(program)\"; what can be replayed is \(known)")
        }
        do { return try found.replay(recording) } catch let error as RecordingError {
            throw BadFile(description: "\(path): recorded by another \(program) than this one: \(error)")
        } catch let error as UsageError {
            throw BadFile(description: "\(path): what \(program) was called with cannot be done here: \(error)")
        }
    }
}
