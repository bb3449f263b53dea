import Peering
import Rehearsing
import Simming

/// Blu takes memos that are signed by red, and no others.
func signed() throws {
    guard let signer = try? Ed25519() else { return print("no library for signatures here: see the README") }
    let keys = try KeyPair(seed: Seed(raw: [UInt8](repeating: 7, count: 32)), signer: signer)
    let vid = Vid(keys.verifyKey)  // what red is called by those who check its signatures

    let world = try Rehearsal(seed: 1)
    let keep = TableKeep([(vid, keys)])
    let red = try world.peer(
        "red", Memoer(kind: .signed, vid: vid, keep: keep, signer: signer, random: world.random("red")))
    let blu = try world.peer(
        "blu", Memoer(signer: signer, requiresSigned: true, allowed: [vid], random: world.random("blu")))
    let mallory = try world.peer("mallory", Memoer(random: world.random("mallory")))
    blu.onEvent = { _, event, _ in
        if case .memo(let memo) = event { print("blu has \"\(memo.text ?? "")\", signed by red: \(memo.vid == vid)") }
    }
    try red.core.memoit("pay ten", to: blu.wire.address)
    try mallory.core.memoit("pay ten thousand", to: blu.wire.address)
    try world.run(until: 2)
    print("dropped: \(blu.core.statistics.drops.total)")
}
