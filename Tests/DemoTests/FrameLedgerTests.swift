import Testing

@testable import Framing
@testable import Scenarios

@Suite("The account of connections of frames")
struct FrameLedgerTests {
    private let clean = FrameEnding(error: nil, stream: .closed, unsent: 0, wasUp: true)

    private func bytes(_ number: Int) -> [UInt8] {
        Ledger.bytes(Ledger.Item(from: "red", number: number), length: 40)
    }

    /// Red has said messages 7 and 8, on a connection that came up.
    private func ledger() -> FrameLedger {
        let ledger = FrameLedger()
        for number in 7...8 { ledger.say(bytes(number)) }
        ledger.up("blu 1 #1")
        return ledger
    }

    @Test("finds nothing wrong where messages come in order and the connection ends once")
    func right() {
        let ledger = ledger()
        for number in 7...8 { ledger.hear(bytes(number), at: "blu 1 #1", from: "red:49152") }
        ledger.down("blu 1 #1", clean)
        // Said again in the next connection, from the one whose echo did not come.
        ledger.up("blu 1 #2")
        ledger.hear(bytes(8), at: "blu 1 #2", from: "red:49153")
        #expect(ledger.wrong == nil && ledger.heard == 3)
    }

    @Test("finds what is altered, left out, doubled, of nobody or of another")
    func messages() {
        var altered = bytes(7)
        altered[39] ^= 1
        let wrongs: [([[UInt8]], String, String)] = [
            ([altered], "red", "blu 1 #1 hears message 7 of red, altered"),
            ([bytes(7), bytes(7)], "red", "blu 1 #1 hears message 7 of red behind 7"),
            ([bytes(8), bytes(7)], "red", "blu 1 #1 hears message 7 of red behind 8"),
            ([bytes(9)], "red", "blu 1 #1 hears 40 bytes from red:1 that nobody said"),
            ([bytes(7)], "grn", "blu 1 #1 hears 40 bytes from grn:1 that nobody said"),
            ([[]], "red", "blu 1 #1 hears 0 bytes from red:1 that nobody said"),
        ]
        for (messages, name, wrong) in wrongs {
            let ledger = ledger()
            for message in messages { ledger.hear(message, at: "blu 1 #1", from: "\(name):1") }
            #expect(ledger.wrong == wrong)
        }
    }

    @Test("finds connections that come up twice, end twice, or are heard of outside of that")
    func lines() {
        let wrongs: [((FrameLedger) -> Void, String)] = [
            ({ $0.up("blu 1 #1") }, "blu 1 #1 comes up a second time"),
            ({ $0.echo("blu 1 #2") }, "blu 1 #2 hears something and never came up"),
            ({ for _ in 0..<2 { $0.down("blu 1 #1", clean) } }, "blu 1 #1 ends twice"),
            (
                {
                    $0.down("blu 1 #1", clean)
                    $0.hear(bytes(7), at: "blu 1 #1", from: "red:1")
                }, "blu 1 #1 hears something and is over"
            ),
            ({ $0.down("blu 1 #2", clean) }, "blu 1 #2 ends, up true, told otherwise"),
            (
                { $0.down("blu 1 #1", FrameEnding(error: .hello(7), stream: .closed, unsent: 0, wasUp: true)) },
                "blu 1 #1 ends with hello(7)"
            ),
        ]
        for (what, wrong) in wrongs {
            let ledger = ledger()
            what(ledger)
            #expect(ledger.wrong == wrong)
        }
    }
}
