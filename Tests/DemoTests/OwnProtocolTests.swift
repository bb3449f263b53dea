import Doing
import Foundation
import Memoing
import Rehearsing
import Simming
import Sockets
import Testing
import Wiring

/// The article "A protocol of your own" shows these programs, to the letter.
@Suite("The article on a protocol of your own", .timeLimit(.minutes(5)))
struct OwnProtocolTests {
    @Test("a third of what is sent is lost, and every note arrives once, in order")
    func simulated() throws {
        let world = try Rehearsal(seed: 7, link: SimLink(delay: 0.05, jitter: 0.1, loss: 0.3))
        let (red, blu) = (world.net.host("red"), world.net.host("blu"))
        let sender = try world.peer("red", Courier(to: blu.address(port: 1)))
        let hearer = try world.peer("blu", Courier(to: red.address(port: 1)))
        var heard: [UInt8] = []
        hearer.onEvent = { _, note, _ in heard += note }

        for number in 0..<20 { sender.core.bring([UInt8(number)]) }
        try world.run(until: 60) { sender.core.isDone }

        #expect(heard == Array(0..<20))
    }

    @Test("the same core runs over UDP")
    func udp() throws {
        let (red, blu) = (try UDPPeer(port: 0), try UDPPeer(port: 0))
        try red.open()
        try blu.open()
        let sender = CoreDoer(Courier(to: blu.address), over: red)
        let hearer = CoreDoer(Courier(to: red.address), over: blu)
        try exchange(sender, hearer)
    }

    @Test("and over Unix datagrams")
    func uxd() throws {
        let red = try UXDPeer(at: .temporary(name: "red"))
        let blu = try UXDPeer(at: .temporary(name: "blu"))
        try red.open()
        try blu.open()
        let sender = CoreDoer(Courier(to: blu.address), over: red)
        let hearer = CoreDoer(Courier(to: red.address), over: blu)
        try exchange(sender, hearer)
    }

    @Test("and over memos, which may be signed and sure")
    func memos() throws {
        let (red, blu) = (try UDPPeer(port: 0), try UDPPeer(port: 0))
        try red.open()
        try blu.open()
        let sender = CoreDoer(
            try OverMemos(Courier(to: blu.address), by: Memoer(random: SplitMix64(seed: 1))), over: red)
        let hearer = CoreDoer(
            try OverMemos(Courier(to: red.address), by: Memoer(random: SplitMix64(seed: 2))), over: blu)
        var heard: [UInt8] = []
        hearer.onEvent = { hearer, note, _ in
            heard += note
            if heard.count == 3 { hearer.doist?.requestStop() }
        }
        for number in 0..<3 { sender.core.upper.bring([UInt8(number)]) }
        try Doist(limit: 20, doers: [sender, hearer]).run(pace: .real)
        #expect(heard == [0, 1, 2])
    }

    func exchange<Wire: DatagramTransport>(
        _ sender: CoreDoer<Courier, Wire>, _ hearer: CoreDoer<Courier, Wire>
    ) throws {
        var heard: [UInt8] = []
        hearer.onEvent = { hearer, note, _ in
            heard += note
            if heard.count == 3 { hearer.doist?.requestStop() }
        }
        for number in 0..<3 { sender.core.bring([UInt8(number)]) }
        try Doist(limit: 20, doers: [sender, hearer]).run(pace: .real)
        #expect(heard == [0, 1, 2])
    }

    @Test("the article shows core, test and runs as they are here")
    func sameLines() throws {
        let article = try ReadmeTests.text("Sources/Wiring/Wiring.docc/OwnProtocol.md")
        let core = try ReadmeTests.text("Tests/DemoTests/Courier.swift")
        #expect(article.contains("```swift\n\(core)```"))
        let tests = try ReadmeTests.text("Tests/DemoTests/OwnProtocolTests.swift")
        for block in article.components(separatedBy: "```swift\n").dropFirst(2) {
            let program = block.components(separatedBy: "\n```")[0]
            let lines = program.components(separatedBy: "\n").map { $0.isEmpty ? "" : "        " + $0 }
            let isTest = program.hasPrefix("@Test")
            let wanted = isTest ? program.components(separatedBy: "\n").map { $0.isEmpty ? "" : "    " + $0 } : lines
            #expect(tests.contains(wanted.joined(separator: "\n")), "not in the tests: \(program)")
        }
    }
}
