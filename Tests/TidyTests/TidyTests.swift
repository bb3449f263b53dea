import Foundation
import Testing

/// What the compiler cannot enforce about the layout of the package, enforced here.
@Suite("The house is tidy")
struct TidyTests {
    /// Which modules a target in `Sources` may import. Target edges cannot stop `import Glibc`.
    static let allowed: [String: Set<String>] = [
        "Containers": [],
        "Doing": ["Containers", "Synchronization"],
        "Wiring": ["Containers", "Doing"],
        "Memoing": ["Containers", "Doing", "Wiring"],
        "Peering": ["Doing", "Wiring", "Memoing", "Signing", "Sockets"],
        "Signing": ["Doing", "Memoing", "Flowing", "CryptoKit", "Glibc", "Musl", "Android", "Darwin"],
        "Sockets": ["Doing", "Wiring", "CSockets", "Synchronization", "Glibc", "Musl", "Darwin"],
        "Charting": ["Doing", "Wiring"],
        "Taping": ["Doing", "Wiring", "CTaping"],
        "Simming": ["Containers", "Doing", "Wiring", "Charting"],
        "Rehearsing": ["Doing", "Wiring", "Charting", "Simming", "Synchronization"],
        // Glue to what an app, a command line or a test has: the only ones that may see Foundation.
        "Hosting": ["Doing", "Foundation", "Dispatch"],
        "Commanding": ["Doing", "Charting", "Simming", "Rehearsing", "Sockets", "Foundation"],
        "SeedTesting": ["Doing", "Simming", "Rehearsing", "Testing", "Foundation"],
        "CoDoing": ["Containers", "Doing", "Synchronization"],
        "Framing": ["Containers", "Doing", "Wiring"],
        "LTP": ["Containers", "Doing", "Wiring"],
        "Flowing": ["Containers", "Doing", "CoDoing", "Wiring"],
    ]
    static let cTargets: Set<String> = ["CSockets", "CTaping"]

    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Source: CustomTestStringConvertible {
        let path: String
        let lines: [Substring]
        var testDescription: String { path }
        /// `Sources/Doing/Doist.swift` stands in `Doing`.
        var target: String { String(path.split(separator: "/")[1]) }
        func importsModule() -> [String] {
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let at = words.firstIndex(of: "import"), at < words.count - 1,
                    words[..<at].allSatisfy({
                        ["public", "internal", "package", "private"].contains($0) || $0.hasPrefix("@")
                    })
                else { return nil }
                let name = words[at + 1] == "struct" || words[at + 1] == "func" ? words[at + 2] : words[at + 1]
                return String(name.split(separator: ".")[0])
            }
        }
    }

    static func files(_ folders: String..., endings: Set<String> = ["swift"]) -> [Source] {
        folders.flatMap { folder in
            let base = root.appending(path: folder)
            let found = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)?.allObjects ?? []
            return found.compactMap { $0 as? URL }.filter { endings.contains($0.pathExtension) }.map { url in
                let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
                let path = String(url.path.dropFirst(root.path.count + 1))
                return Source(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
            }
        }.sorted { $0.path < $1.path }
    }

    @Test("each target in Sources imports only what the architecture lets it know")
    func imports() throws {
        let sources = Self.files("Sources")
        #expect(sources.count > 40)
        for source in sources where !Self.cTargets.contains(source.target) {
            let allowed = try #require(Self.allowed[source.target], "\(source.target) has no row in this test")
            let strangers = source.importsModule().filter { !allowed.contains($0) }
            #expect(strangers.isEmpty, "\(source.path) imports \(strangers)")
        }
    }

    @Test("no target has the name of a type inside it")
    func names() {
        for source in Self.files("Sources") {
            for line in source.lines {
                let words = line.split(separator: " ").map { $0.prefix { $0.isLetter || $0.isNumber } }
                for kind in ["struct", "class", "enum", "protocol", "actor"] {
                    guard let at = words.firstIndex(of: Substring(kind)), at + 1 < words.count else { continue }
                    #expect(words[at + 1] != source.target, "\(source.path): \(line)")
                }
            }
        }
    }

    @Test("no two libraries have a public type of one name, which whoever imports both could not write")
    func publicNames() {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        var owners: [Substring: String] = [:]
        for source in Self.files("Sources") where !Self.cTargets.contains(source.target) {
            for line in source.lines where !line.hasPrefix(" ") {
                let words = line.split(separator: " ").map { $0.prefix { $0.isLetter || $0.isNumber } }
                guard words.contains("public") || words.contains("open"),
                    let at = words.firstIndex(where: { kinds.contains($0) }), at + 1 < words.count
                else { continue }
                let owner = owners.updateValue(source.target, forKey: words[at + 1])
                #expect(owner == nil || owner == source.target, "\(words[at + 1]) of \(owner ?? ""): \(source.path)")
            }
        }
        #expect(owners.count > 100)
    }

    /// The words of the field that stand alone as a public name; every other has two words that say whose it is.
    static let fieldWords: Set<String> = [
        "Ack", "Address", "Burst", "Console", "Deadlines", "Doer", "Doist", "Domain", "Drops", "Fault",
        "Faulty", "Flow", "Forked", "Gram", "Inbox", "Inlet", "Keep", "Kicker", "Mailbox", "Memo", "Memoer", "Mid",
        "Pace", "Promise", "Readiness", "Recorded", "Recorder", "Recording", "Recurrence", "Refusal",
        "Rehearsal", "Replay", "Replayed", "Scenario", "Seed", "Sending", "Signature", "Signer", "Skewed",
        "Tap", "Tapped", "Trace", "Train", "Tyme", "Tymer", "Tymist", "Vid", "Waker",
    ]

    @Test("a public type outside of any other has two words in its name, or is a word of the field")
    func bareNames() {
        // Nobody outside of the package can import Containers: it is no product.
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        for source in Self.files("Sources")
        where source.target != "Containers" && !Self.cTargets.contains(source.target) {
            for line in source.lines where !line.hasPrefix(" ") {
                let words = line.split(separator: " ").map { $0.prefix { $0.isLetter || $0.isNumber } }
                guard words.contains("public") || words.contains("open"),
                    let at = words.firstIndex(where: { kinds.contains($0) }), at + 1 < words.count
                else { continue }
                let name = String(words[at + 1])
                let isBare = name.dropFirst().allSatisfy(\.isLowercase)
                #expect(!isBare || Self.fieldWords.contains(name), "\(source.path): \(name)")
            }
        }
    }

    @Test("nothing in Sources draws from the system, reads a date or prints")
    func determinism() {
        let forbidden = [
            "SystemRandomNumberGenerator", ".random(in", ".shuffled(", "UUID()", "Date()", "print(", "ContinuousClock",
            "SuspendingClock", "Task.sleep(",
        ]
        // The one door through which a program may let the system's randomness in.
        let door = "Sources/Memoing/Keys/SystemGenerator.swift"
        let outside = ["Sockets", "Commanding"]
        for source in Self.files("Sources") where !outside.contains(source.target) && source.path != door {
            for (number, line) in source.lines.enumerated() where !line.contains("//") {
                for word in forbidden where line.contains(word) {
                    Issue.record("\(source.path):\(number + 1) has \(word)")
                }
            }
        }
    }

    @Test("lines are at most 120 characters, without tabs and without blanks at their end")
    func lines() {
        for source in Self.files("Sources", "Tests", "Demos", endings: ["swift", "c", "h"]) {
            for (number, line) in source.lines.enumerated() {
                #expect(line.count <= 120, "\(source.path):\(number + 1) has \(line.count) characters")
                #expect(!line.contains("\t") && line.last != " ", "\(source.path):\(number + 1)")
            }
        }
    }

    @Test("every library target has a documentation catalogue with a page of its own name")
    func catalogues() {
        // Containers has no public face.
        for target in Self.allowed.keys.sorted() where target != "Containers" {
            let page = Self.root.appending(path: "Sources/\(target)/\(target).docc/\(target).md")
            #expect(FileManager.default.fileExists(atPath: page.path), "\(page.lastPathComponent) is missing")
        }
    }

    @Test("nothing is left half done, switched off or excused")
    func finished() {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", ".disabled" + "(", "withKnown" + "Issue", "XCT" + "Skip"]
        for source in Self.files("Sources", "Tests", "Demos", endings: ["swift", "c", "h", "md"]) {
            for (number, line) in source.lines.enumerated() {
                // A template of mkdtemp ends in six of one of them.
                let line = line.replacing(String(repeating: "X", count: 6), with: "")
                for mark in marks where line.contains(mark) { Issue.record("\(source.path):\(number + 1) has \(mark)") }
            }
        }
    }

    @Test("the package depends on nothing")
    func dependencies() throws {
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        #expect(!manifest.contains(".package("))
        #expect(!manifest.contains("unsafeFlags"))
    }
}
