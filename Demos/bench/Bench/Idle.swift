import CBench
import DemoKit
import Doing
import Memoing
import Sockets
import Wiring

/// `bench idle`: what open peers cost while nothing happens.
func benchIdle(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    let peers = try words.integer("--peers", in: 1...9000) ?? 1000
    let connections = try words.integer("--connections", in: 1...1_000_000)
    let seconds = try words.number("--seconds", in: 0.1...3600) ?? 5
    try words.finish()
    if let connections { return try benchIdleConnections(connections, seconds: seconds) }
    var random = SplitMix64(seed: 1)
    let burst = Burst()
    let doers = try (0..<peers).map { _ in
        CoreDoer(Memoer(random: random.fork()), over: try UDPPeer(port: 0), burst: burst)
    }
    let pace = RealPace()
    let doist = try Doist(pace: pace, doers: doers)
    _ = try doist.turn()
    let (start, cpu) = (lbc_now(), lbc_cpu())
    let end = pace.now() + seconds
    while pace.now() < end {
        let wait = try doist.turn().wait ?? .infinity
        try pace.poll(until: min(pace.now() + wait, end), block: true)
    }
    let (took, used) = (lbc_now() - start, lbc_cpu() - cpu)
    try doist.exit()
    var line = JSONLine()
    line.add("row", "idle")
    line.add("peers", peers)
    line.add("seconds", took, digits: 3)
    line.add("cpu_percent", used / took * 100, digits: 4)
    line.add("passes", Int(doist.statistics.passes))
    print(line)
}
