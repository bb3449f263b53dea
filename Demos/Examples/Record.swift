import Peering
import Taping

/// Records a real run, and runs the same doers on the recording, without socket and clock: to the byte the same.
func record() throws {
    var file: [UInt8] = []
    let recorder = Recorder(RecordingHeader(program: "examples", arguments: [], seed: 7)) { file += [UInt8]($0) }
    let wire = try UDPPeer(port: 0)
    try wire.open()
    let here = wire.address
    func echo(_ wire: some DatagramTransport, seed: UInt64) throws -> [Doer] {
        let peer = CoreDoer(Memoer(random: Xoshiro256(seed: seed)), over: wire)
        peer.onEvent = { peer, event, _ in
            if case .memo(let memo) = event, memo.text == "again" { peer.doist?.requestStop() }
            if case .memo(let memo) = event, memo.text == "once" { try peer.core.memoit("again", to: memo.source) }
        }
        try peer.core.memoit("once", to: here)
        return [peer]
    }
    let doist = try Doist(limit: 10, pace: RealPace(), doers: echo(Recorded(wire, recorder, name: "socket"), seed: 7))
    recorder.watch(doist)
    try doist.run()
    try recorder.finish()

    let replay = Replay(try Recording(file))
    let outcome = try replay.run(echo(Replayed(replay, name: "socket"), seed: replay.recording.header.seed))
    if case .same(let tally) = outcome { print("the same: \(tally.received) datagrams came, \(tally.offered) left") }
}
