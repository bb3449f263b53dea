import Doing
import Foundation
import Testing

/// The scheduler against the reference model.
@Suite struct RandomPrograms {
    /// How many programs; TYMIST_PROGRAMS asks for more or fewer.
    static let count = ProcessInfo.processInfo.environment["TYMIST_PROGRAMS"].flatMap { Int($0) } ?? 24_000
    /// Where the seeds start; TYMIST_PROGRAM_SEED replays from another one.
    static let start = ProcessInfo.processInfo.environment["TYMIST_PROGRAM_SEED"].flatMap { UInt64($0) } ?? 1
    static let chunks = 8

    @Test("random programs come out as the model says, event for event", arguments: 0..<chunks)
    func matchesModel(chunk: Int) throws {
        var events = 0
        for index in stride(from: chunk, to: Self.count, by: Self.chunks) {
            let program = ProgramMaker.make(seed: Self.start + UInt64(index))
            let model = try ModelStage.play(program)
            let ours = try RealStage.play(program)
            events += ours.events.count
            if let difference = ours.difference(from: model) {
                Issue.record("\(program)\n\(difference)")
                return
            }
        }
        #expect(events > 0)
    }

    @Test("in real time random programs keep the scheduler in order, and their recordings play back", arguments: 0..<4)
    func playsBack(chunk: Int) throws {
        var extraPasses: UInt64 = 0
        for index in stride(from: chunk, to: Self.count / 8, by: 4) {
            let program = ProgramMaker.make(seed: Self.start + UInt64(index))
            var (live, inputs, statistics) = try RealStage.playInRealTime(program)
            extraPasses += statistics.extraPasses
            var again = try RealStage.replay(program, inputs)
            let faults = live.errors.filter { $0.hasPrefix("fault") }
            // Errors that come out of enter come once more from the exit of a replay.
            (live.errors, again.errors) = (faults, again.errors.filter { $0.hasPrefix("fault") || $0.hasPrefix("no") })
            if let difference = again.difference(from: live) ?? faults.first {
                Issue.record("\(program)\n\(difference)")
                return
            }
        }
        #expect(extraPasses > 100)
    }
}
