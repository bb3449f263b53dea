import Doing
import Memoing
import Sockets
import Wiring

/// What every way of embedding does here: two peers on real UDP sockets exchange memos under one doist.
///
/// Red asks, blue echoes, and red asks again a tenth of a second after each answer, so that the host's loop has to wake
/// the doist for deadlines and for datagrams alike.
final class Exchange {
    /// Memos that red sends.
    static let count = 8

    let doist: Doist
    let pace: RealPace
    private let red, blu: CoreDoer<Memoer, UDPPeer>
    private let talk: Talk

    /// - Parameters:
    ///   - pace: the real one, with the signals that the host leaves to it.
    ///   - say: what happens, for people.
    init(pace: RealPace, say: @escaping (String) -> Void) throws {
        self.pace = pace
        var random = SystemGenerator()
        red = CoreDoer(Memoer(random: SplitMix64(seed: random.next())), over: try UDPPeer(name: "red", port: 0))
        blu = CoreDoer(Memoer(random: SplitMix64(seed: random.next())), over: try UDPPeer(name: "blu", port: 0))
        talk = Talk(red, blu, say)
        doist = try Doist(limit: 5, pace: pace, doers: [red, blu, talk])
        blu.onEvent = { blu, event, _ in
            if case .memo(let memo) = event { try blu.core.memoit(memo.bytes, to: memo.source) }
        }
        red.listener = talk
    }

    /// True if every memo came back as it was sent.
    var isComplete: Bool { talk.answers == Self.count }
}

/// Sends memos and waits for their echoes.
private final class Talk: Doer {
    private(set) var answers = 0
    private let red, blu: CoreDoer<Memoer, UDPPeer>
    private let say: (String) -> Void
    private var asked = 0
    private var askedAt = 0.0
    private var askTyme = 0.0

    init(_ red: CoreDoer<Memoer, UDPPeer>, _ blu: CoreDoer<Memoer, UDPPeer>, _ say: @escaping (String) -> Void) {
        (self.red, self.blu, self.say) = (red, blu, say)
        super.init()
    }

    private var clock: Double { doist?.pace?.now() ?? 0 }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let memo = red.core.inbox.popFirst() {
            guard memo.text == "memo \(asked)" else { continue }
            answers += 1
            let microseconds = Int((clock - askedAt) * 1e6)
            say("  tyme \(tyme): \"memo \(asked)\" came back from \(memo.source) after \(microseconds) µs")
            askTyme = tyme + 0.1
        }
        if answers == Exchange.count {
            try doist?.remove([red, blu])
            return .done
        }
        guard asked == answers else { return .park(until: .infinity) }
        guard tyme >= askTyme else { return .park(until: askTyme) }
        asked += 1
        askedAt = clock
        try red.core.memoit("memo \(asked)", to: blu.wire.address)
        return .park(until: .infinity)
    }
}
