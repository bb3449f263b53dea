import Doing
import Testing
import Wiring

@testable import Taping

/// What a recording takes of memory, whoever wrote it.
@Suite("The bounds of recordings") struct BoundsTests {
    @Test("one record that is longer than a part makes one longer part, not all of them")
    func longRecord() throws {
        let file = File()
        let recorder = file.recorder(RecordingHeader(program: "p", arguments: [], seed: 1), partLength: 4096)
        let inlet = Inlet(recorder, name: "in")
        for round in 0..<200 {
            _ = inlet.take { [UInt8](repeating: 3, count: round == 20 ? 1 << 20 : 1000) }
        }
        try recorder.finish()
        #expect(file.parts.filter { $0 > 4096 }.count == 1, "\(file.parts)")
        _ = try Recording(file.bytes)
    }

    @Test("a header with more arguments than any command line has is refused")
    func manyArguments() throws {
        let file = File()
        let arguments = [String](repeating: "", count: RecordingFormat.mostArguments + 1)
        let recorder = file.recorder(RecordingHeader(program: "p", arguments: arguments, seed: 1))
        try recorder.finish()
        #expect(throws: RecordingError.self) { try Recording(file.bytes) }
        let fair = File()
        try fair.recorder(RecordingHeader(program: "p", arguments: Array(arguments.dropLast()), seed: 1)).finish()
        #expect(try Recording(fair.bytes).header.arguments.count == RecordingFormat.mostArguments)
    }
}
