import Peering
import Rehearsing
import Simming

/// Memos that arrive, or say why not: half of all datagrams are lost, and the second peer is not there at all.
func sure() throws {
    let world = try Rehearsal(seed: 4, link: SimLink(delay: 0.05, loss: 0.5))
    let red = try world.peer("red", Memoer(kind: .sure, random: world.random("red")))
    let blu = try world.peer("blu", Memoer(random: world.random("blu")))
    let nobody = world.net.host("nobody").address(port: 1)
    red.onEvent = { _, event, _ in
        guard case .outcome(let outcome) = event else { return }
        let name = outcome.destination == nobody ? "nobody" : "blu"
        print("the memo to \(name): \(outcome.result), may have arrived: \(outcome.mayHaveArrived)")
    }
    try red.core.memoit("well met", to: blu.wire.address)
    try red.core.memoit("anybody?", to: nobody)
    try world.run(until: 600) { red.core.sureStatistics.unfinished == 0 }
    print("blu has \(blu.core.inbox.count) memo")
}
