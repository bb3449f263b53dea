import Foundation
import Testing

/// What the README shows is what is in the package.
@Suite("The README")
struct ReadmeTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test("its five lines are the program hello, to the letter")
    func fiveLines() throws {
        let program = try Self.text("Demos/hello/main.swift")
        #expect(try Self.text("README.md").contains("```swift\n\(program)```"))
        #expect(program.split(separator: "\n").filter { !$0.hasPrefix("import") }.count == 5)
    }

    @Test("its second program is a test of the package, to the letter")
    func rehearsal() throws {
        let test = try Self.text("Tests/RehearsingTests/RehearsedMemoTests.swift")
        let readme = try Self.text("README.md").components(separatedBy: "\n")
        let first = try #require(readme.firstIndex { $0.hasPrefix("@Test(") })
        let last = try #require(readme[first...].firstIndex(of: "```"))
        let program = readme[first..<last].map { $0.isEmpty ? "" : "    " + $0 }
        #expect(program.count > 10)
        #expect(test.contains(program.joined(separator: "\n")))
    }

    @Test("every command that it names is a product of the package")
    func commands() throws {
        let manifest = try Self.text("Package.swift")
        let readme = try Self.text("README.md")
        let named = Set(readme.matches(of: /swift run (?:-c release )?([a-z-]+)/).map { String($0.output.1) })
        let all = ["demo", "hello", "memo-peer", "rehearse", "lossy", "frame-peer", "embed", "bench"]
        #expect(named.isSuperset(of: all))
        for name in named.sorted() { #expect(manifest.contains("name: \"\(name)\""), "swift run \(name)") }
    }

    @Test("it says the two commands: one runs the main job, one passes the tests")
    func twoCommands() throws {
        let readme = try Self.text("README.md")
        #expect(readme.contains("`swift run demo`"))
        #expect(readme.contains("`swift test`"))
    }

    @Test("it has at most 1,200 words, and every page and file that it links is there")
    func links() throws {
        let readme = try Self.text("README.md")
        #expect(readme.split(whereSeparator: \.isWhitespace).count <= 1200)
        let links = readme.matches(of: /\]\(([^)]+)\)/).map { String($0.output.1) }.filter { !$0.hasPrefix("https://") }
        #expect(links.count > 25)
        for link in links {
            #expect(FileManager.default.fileExists(atPath: Self.root.appending(path: link).path), "\(link)")
        }
        // Whoever reads it finds every library and every article about coming from elsewhere.
        for page in ["FromHio", "FromPyion", "FromOuroboros", "FromPython"] {
            #expect(readme.contains(page), "\(page)")
        }
    }

    @Test("each vector file says where it comes from")
    func vectors() throws {
        let sources = try Self.text("Tests/Vectors/SOURCES.md")
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Tests/Vectors").path)
        for file in files.sorted() where file.hasSuffix(".json") {
            #expect(sources.contains(file), "\(file) has no source")
        }
    }
}
