import CoDoing
import Doing
import Foundation
import Simming
import Testing
import Wiring

/// The documentation of CoDoing shows these programs, to the letter.
@Suite("The samples of the documentation", .serialized)
struct SampleTests {
    @Test("an async doer asks until it is answered")
    func asker() throws {
        let lines = try printed {
            let questions = Inbox<String>()
            let asker = Asker(asking: questions)
            let slow = doify { tyme in
                guard tyme >= 0.75 else { return .park(until: 0.75) }
                asker.answers.send(42)
                return .done
            }
            try Doist([slow, asker]).run()
            // 0.75: 42, after 2 attempts
        }
        #expect(lines == ["0.75: 42, after 2 attempts"])
    }

    @Test("an async doer that nobody answers fails with the error of its body")
    func noAnswer() {
        #expect(throws: NoAnswer.self) { try Doist([Asker(asking: Inbox())]).run() }
    }

    @Test("a client sleeps, and then takes what has come")
    func client() throws {
        let client = Client()
        client.inbox.send("hello")
        let doist = Doist([client])
        try doist.run()
        #expect(client.reply == "hello" && doist.tyme == 0.53125)
    }

    @Test("a linear doer from a closure", arguments: [nil, "a line"])
    func linear(_ line: String?) throws {
        let lines = try printed {
            let inbox = Inbox<String>()
            let reader = LinearDoer { doer in
                let line = try await inbox.next(timeout: 2)
                print("\(doer.name): \(line ?? "nothing came")")
            }
            if let line { inbox.send(line) }
            try Doist([reader]).run()
        }
        #expect(lines == ["LinearDoer: \(line ?? "nothing came")"])
    }

    @Test("the events of a core reach linear code, more than its inbox holds")
    func events() throws {
        let net = SimNet(seed: 1)
        let hosts = (red: net.host("red"), blu: net.host("blu"))
        let count = 40
        let lines = try printed {
            let to = hosts.blu.address(port: 7)
            let red = CoreDoer(Notes((0..<count).map { [UInt8($0)] }, to: to), over: hosts.red.peer(port: 7))
            let blu = CoreDoer(Notes([], to: to), over: hosts.blu.peer(port: 7))
            let events = Inbox<[UInt8]>(limit: 16)
            let reader = LinearDoer { _ in
                for try await note in events { print("\(currentTyme): \(note)") }
            }
            try Doist([net, red, blu, EventFeed(blu, into: events), reader]).run(limit: 1)
        }
        #expect(lines.compactMap { $0.split(separator: " ").last.map(String.init) } == (0..<count).map { "[\($0)]" })
    }

    @Test("events that may be lost go through a closure")
    func lossyEvents() throws {
        let net = SimNet(seed: 1)
        let events = Inbox<[UInt8]>(limit: 16)
        let to = net.host("blu").address(port: 7)
        let sender = CoreDoer(Notes((0..<40).map { [UInt8($0)] }, to: to), over: net.host("red").peer(port: 7))
        let core = CoreDoer(Notes([], to: to), over: net.host("blu").peer(port: 7))
        core.onEvent = { _, event, _ in events.send(event) }
        try Doist([net, sender, core]).run(limit: 1)
        #expect(events.count == 16 && events.refused == 24)
    }

    @Test("a promise of a protocol is awaited, but only so long")
    func promises() throws {
        let shop = Shop(["tea": 3, "milk": 2])
        let lines = try printed {
            let buyer = LinearDoer { _ in
                let price = try await within(2) { try await shop.price(of: "tea").get() }
                print("\(currentTyme): tea is \(price)")
            }
            try Doist([shop, buyer]).run(limit: 9)
        }
        #expect(lines == ["0.25: tea is 3"])
        let late = LinearDoer { _ in
            _ = try await within(2) { try await shop.price(of: "gold").get() }
        }
        #expect(throws: DeadlinePassed.self) { try Doist([shop, late]).run(limit: 9) }
    }

    @Test("children ask at once")
    func children() throws {
        let shop = Shop(["tea": 3, "milk": 2])
        var sums: [Int] = []
        let buyer = LinearDoer { _ in
            let sum = try await withChildren(returning: Int.self) { children in
                for name in ["tea", "milk"] { children.fork { try await shop.price(of: name).get() } }
                var sum = 0
                while let price = try await children.next() { sum += price }
                return sum
            }
            sums.append(sum)
            #expect(currentTyme == 0.25)
        }
        try Doist([shop, buyer]).run(limit: 9)
        #expect(sums == [5])
    }

    @Test("two pieces together, and a deadline around a dialogue")
    func pieces() throws {
        let (first, second) = (Inbox<Int>(), Inbox<Int>())
        let (questions, answers) = (Inbox<String>(), Inbox<Int>())
        var found: [Int] = []
        let reader = LinearDoer { _ in
            let (left, right) = try await together {
                try await first.next()
            } _: {
                try await second.next()
            }
            let reply = try await within(2.0) {
                questions.send("how many?")
                return try await answers.next()
            }
            found = [left, right, reply]
        }
        let sender = LinearDoer { _ in
            second.send(2)
            try await sleep(for: 0.25)
            first.send(1)
            _ = try await questions.next()
            answers.send(3)
        }
        try Doist([reader, sender]).run()
        #expect(found == [1, 2, 3])
    }

    @Test("code for any clock sleeps in tyme")
    func clock() throws {
        func poll(every pause: Duration, on clock: some Clock<Duration>) async throws {
            for _ in 0..<3 { try await clock.sleep(for: pause) }
        }
        let poller = LinearDoer { _ in try await poll(every: .seconds(1), on: TymeClock()) }
        let doist = Doist([poller])
        try doist.run()
        #expect(poller.isDone && doist.tyme == 3.03125)
    }

    @Test("every sample of the documentation stands in this file")
    func documented() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CoDoing")
        let tests = try Self.lines(of: URL(filePath: #filePath))
        var samples = 0
        for folder in [root, root.appending(path: "CoDoing.docc")] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            where name.hasSuffix(".swift") || name.hasSuffix(".md") {
                var paragraph: [Substring]?
                for line in try Self.lines(of: folder.appending(path: name)) {
                    let text = Self.trimmed(line.hasPrefix("///") ? line.dropFirst(3) : line)
                    if text == "```swift" {
                        (paragraph, samples) = ([], samples + 1)
                    } else if let lines = paragraph, text == "```" || text.isEmpty {
                        let isShown = lines.isEmpty || Self.contains(tests, lines)
                        #expect(isShown, "\(name): \(lines.joined(separator: "\n"))")
                        paragraph = text.isEmpty ? [] : nil
                    } else {
                        paragraph?.append(text)
                    }
                }
            }
        }
        #expect(samples >= 8)
    }

    private static func lines(of file: URL) throws -> [Substring] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            .map(trimmed)
    }

    private static func trimmed(_ line: Substring) -> Substring {
        let start = line.drop { $0 == " " }
        return start[..<(start.lastIndex { $0 != " " }.map(start.index(after:)) ?? start.startIndex)]
    }

    private static func contains(_ lines: [Substring], _ piece: [Substring]) -> Bool {
        lines.indices.contains { lines[$0...].starts(with: piece) }
    }
}

final class Asker: CoDoer {
    let questions: Inbox<String>
    let answers = Inbox<Int>()

    init(asking questions: Inbox<String>) {
        self.questions = questions
        super.init()
    }

    override nonisolated(nonsending) func perform() async throws {
        for attempt in 1...3 {
            questions.send("how many?")
            if let answer = try await answers.next(timeout: 0.5) {
                print("\(currentTyme): \(answer), after \(attempt) attempts")
                return
            }
        }
        throw NoAnswer()
    }
}

struct NoAnswer: Error {}

final class Client: CoDoer {
    let inbox = Inbox<String>()
    var reply = ""

    override nonisolated(nonsending) func perform() async throws {
        try await sleep(for: 0.5)
        reply = try await inbox.next()
    }
}

/// Tells prices after a quarter of a second, and nothing of what it does not sell.
private final class Shop: Doer {
    private let prices: [String: Int]
    private var asked: [(name: String, price: Promise<Int>)] = []

    init(_ prices: [String: Int]) {
        self.prices = prices
        super.init()
    }

    func price(of name: String) -> Promise<Int> {
        let price = Promise<Int>()
        asked.append((name, price))
        return price
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        guard tyme >= 0.25 else { return .again }
        for (name, price) in asked { if let known = prices[name] { price.resolve(known) } }
        asked = []
        return .again
    }
}

/// Sends notes to one peer, and tells those that come.
private struct Notes: DatagramCore {
    private var queue = DatagramQueue()
    private var notes: [[UInt8]] = []
    var wakeTyme: Tyme? { nil }
    var hasEvents: Bool { !notes.isEmpty }

    init(_ outgoing: [[UInt8]], to peer: Address) {
        for note in outgoing { _ = queue.append(note, to: peer) }
    }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            notes.append((0..<datagram.byteCount).map { datagram.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
        }
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        queue.poll(into: &out, limits)
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { queue.sent(sending, train) }
    mutating func pollEvent() -> [UInt8]? { notes.isEmpty ? nil : notes.removeFirst() }
}

/// Samples print; here it is kept for the test.
private nonisolated(unsafe) var printedLines: [String] = []
private func print(_ line: String) { printedLines.append(line) }
private func printed(_ body: () throws -> Void) rethrows -> [String] {
    printedLines = []
    try body()
    return printedLines
}
