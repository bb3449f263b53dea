import Foundation
import Testing

/// A whole process, from the outside: the demo `embed` beside this test program.
@Suite("a signal to a process of its own", .timeLimit(.minutes(5))) struct SignalChildTests {
    private static let isRequired = ProcessInfo.processInfo.environment["TYMIST_REQUIRE_TOOLS"] == "1"

    @Test("SIGINT and SIGTERM end it in order, with what it had to say", arguments: [SIGINT, SIGTERM])
    func endsInOrder(number: Int32) throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let program = folder.appendingPathComponent("embed")
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            #expect(!Self.isRequired, "there is no \(program.path): build the package first")
            print("did not run: the signal test needs the demo embed")
            return
        }
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = ["own"]
        process.standardOutput = output
        try process.run()
        waitForHandler(process.processIdentifier, number)
        kill(process.processIdentifier, number)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 1)  // not all memos had come back
        #expect(text.contains("not all 8 memos came back"), "\(text)")
    }

    /// Waits until a process has a handler for a signal: its eight memos take 0.8 s from then on.
    private func waitForHandler(_ process: pid_t, _ number: Int32) {
        #if os(Linux)
            for _ in 0..<20_000 {
                let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
                let caught = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t")
                    .last
                if let mask = caught.flatMap({ UInt64($0, radix: 16) }), mask >> UInt64(number - 1) & 1 == 1 { return }
                usleep(500)
            }
        #else
            usleep(400_000)
        #endif
    }
}
