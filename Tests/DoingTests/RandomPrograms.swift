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
}
