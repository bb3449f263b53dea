import DemoKit
import Doing
import Memoing
import Rehearsing
import Simming
import Wiring

/// The doers of `memo-peer` themselves, unchanged, on the simulated network: one listens and echoes, one sends.
///
/// The network delays, reorders and repeats, but loses nothing, so both must be done.
enum PeerScenario {
    static let scenario = Scenario(
        "memo-peer", "the doers of memo-peer, listen --echo and send --expect, where nothing is lost",
        hosts: ["red", "blu"], span: 20, faults: .lossless
    ) { world in
        world.describe = { describeGram($0) }
        let count = try world.options.number("count", in: 1...20)
        let size = try world.options.choice("size", of: [1, 200, 5000, 60000])
        let gram = try world.options.choice("gram", of: [200, 1240])
        let link = SimLink(delay: Double(try world.options.number("delay-ms", in: 0...200)) / 1000)
        world.net.connect(world.net.host("red"), world.net.host("blu"), link)
        let common = "--udp 127.0.0.1:1 --json --count \(count) --size \(gram)"
        let listening = try talk(
            "listen \(common) --echo", on: "blu", to: world.net.host("red").address(port: 1), in: world)
        let sending = try talk(
            "send \(common) --to 127.0.0.1:2 --memo-size \(size) --expect \(count)", on: "red",
            to: world.net.host("blu").address(port: 1), in: world)
        try world.run(until: 120)
        guard sending.report(), listening.report() else {
            throw RehearsalError.missing(what: "\(count) memos there and back", tyme: world.tyme)
        }
    }

    private static func talk(
        _ words: String, on host: String, to destination: Address, in world: Rehearsal
    ) throws -> Talk<SimPeer> {
        var arguments = Arguments(words.split(separator: " ").map(String.init))
        let options = try MemoPeerOptions(&arguments)
        var memoer = try Memoer(size: options.size, random: world.random(host))
        memoer.reportsSent = true
        let peer = try world.peer(host, memoer)
        let silent = Reporter(json: true) { _ in }
        let talk = Talk(peer, options, to: destination, reporter: silent) { host }
        peer.listener = talk
        try world.add(talk)
        return talk
    }
}
