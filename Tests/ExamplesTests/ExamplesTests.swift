import Foundation
import Testing

/// Every example is run as a program, and prints what is said here.
@Suite("The examples", .timeLimit(.minutes(5)))
struct ExamplesTests {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let folder = root.appending(path: "Demos/Examples")
    /// The program beside this test.
    private static let program = URL(fileURLWithPath: CommandLine.arguments[0])
        .deletingLastPathComponent().appending(path: "examples")

    static let outputs: [(name: String, output: String)] = [
        ("hello", "blu has \"hello\"\n"),
        ("own-doer", "0.0: begins\n0.0: 3\n1.0: 2\n2.0: 1\n2.0: ends\n"),
        (
            "retry",
            """
            0.0: asked
            1.0: asked again, time 1
            3.0: asked again, time 2
            3.5: answered
            done

            """
        ),
        ("reply", "red hears \"WHO IS THERE?\"\n"),
        (
            "sure",
            """
            the memo to blu: delivered, may have arrived: true
            the memo to nobody: neverHeard, may have arrived: true
            blu has 1 memo

            """
        ),
        ("own-protocol", "answer 1: 17 letters\n"),
        ("frames", "you said: hello\nclosed in order: true\n"),
        (
            "linear",
            """
            0.0: heard "how many?"
            0.5: no answer to attempt 1
            0.78125: 42

            """
        ),
        ("own-loop", "heard \"from my own loop\"\n"), ("run-loop", "heard \"from my own loop\"\n"),
        ("dispatch", "heard \"from my own loop\"\n"), ("task", "heard \"from my own loop\"\n"),
        ("server", "heard \"from another thread\"\nended in order\n"),
        ("record", "the same: 2 datagrams came, 2 left\n"),
        ("flows", "the server hears \"hello\"\nthe client hears \"hello\"\n"),
    ]

    private func run(_ name: String) throws -> (status: Int32, output: String)? {
        let isThere = FileManager.default.isExecutableFile(atPath: Self.program.path)
        if ProcessInfo.processInfo.environment["TYMIST_REQUIRE_TOOLS"] != nil {
            #expect(isThere, "\(Self.program.path) is not there")
        }
        guard isThere else { return nil }
        let process = Process()
        process.executableURL = Self.program
        process.arguments = [name]
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        let data = out.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test("print what they are said to", arguments: outputs)
    func output(name: String, output: String) throws {
        guard let found = try run(name) else { return }
        #expect(found.output == output)
        #expect(found.status == 0)
    }

    @Test("those that depend on the machine or on chance end well, too", arguments: ["signed", "blocks"])
    func ends(name: String) throws {
        guard let found = try run(name) else { return }
        #expect(found.status == 0, "\(found.output)")
        #expect(!found.output.isEmpty)
    }

    @Test("have at most 60 lines each, and import nothing but libraries")
    func short() throws {
        let all = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        let files = all.filter { $0.hasSuffix(".swift") }
        #expect(files.count >= 15)
        for file in files.sorted() {
            let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
            let count = text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
            #expect(count <= 60, "\(file) has \(count) lines")
            #expect(!text.contains("import DemoKit") && !text.contains("@testable"), "\(file)")
        }
    }

    @Test("the articles show examples as they are here, to the letter")
    func articles() throws {
        var shown: Set<String> = []
        for (path, text) in try Self.pages() {
            for part in text.components(separatedBy: "<!-- ").dropFirst() {
                let file = String(part.prefix { $0 != " " })
                guard file.hasSuffix(".swift") else { continue }
                let program = try String(contentsOf: Self.root.appending(path: file), encoding: .utf8)
                #expect(part.hasPrefix("\(file) -->\n\n```swift\n\(program)```\n"), "\(path) shows another \(file)")
                shown.insert(file)
            }
        }
        #expect(shown.count >= 10, "\(shown.sorted())")
    }

    /// Every page of the documentation.
    static func pages() throws -> [(path: String, text: String)] {
        let sources = root.appending(path: "Sources")
        let found = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?.allObjects ?? []
        return try found.compactMap { $0 as? URL }.filter { $0.pathExtension == "md" }.map {
            ($0.path, try String(contentsOf: $0, encoding: .utf8))
        }.sorted { $0.0 < $1.0 }
    }
}
