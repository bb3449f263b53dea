import CBench
import DemoKit
import Doing
import Sockets
import Wiring

/// `bench tcp`: frames of an int32 length echoed over loopback TCP by our doers and by C, each in a process of its own
/// on one core, under the same load in turn from another.
///
/// Ping-pong is measured twice: with a pace as it comes, which looks before it sleeps, and with one that never looks.
func benchTCP(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    let size = try words.integer("--size", in: 1...1 << 20)
    let inflight = try words.integer("--inflight", in: 1...1 << 20)
    let rounds = try words.integer("--rounds", in: 1...99) ?? 5
    let seconds = Double(try words.integer("--ms", in: 1...10_000) ?? 400) / 1000
    try words.finish()
    let quoted = [(64, 1000), (1024, 1000), (65_536, 64), (64, 1)].map { StreamLoad(size: $0.0, inflight: $0.1) }
    let loads = size.map { [StreamLoad(size: $0, inflight: inflight ?? 1000)] } ?? quoted

    let (echo, sleeper) = (try EchoServer(port: 0), try EchoServer(port: 0))
    let ours = StreamServer("frames_s", port: echo.port) { try echo.run() }
    defer { ours.end() }
    let asleep = StreamServer("never_looking", port: sleeper.port) { try sleeper.run(spin: 0) }
    defer { asleep.end() }
    let yardstick = try StreamServer.yardstick(LBC_INT32)
    defer { yardstick.end() }
    _ = lbc_pin(0)
    for load in loads {
        let isPingPong = load.inflight == 1
        try load.compare(
            isPingPong ? "tcp-ping-pong" : "tcp-echo", isPingPong ? [ours, asleep, yardstick] : [ours, yardstick],
            rounds: rounds, seconds: seconds)
    }
}

/// `bench tcp-echo PORT`: the same server for a load generator of your own.
func benchTCPEcho(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    guard let text = words.word(), let port = UInt16(text) else { throw UsageError("tcp-echo PORT: say which port") }
    try words.finish()
    let echo = try EchoServer(port: port)
    var line = JSONLine(event: "open")
    line.add("address", "127.0.0.1:\(echo.port)")
    print(line)
    lbc_flush()
    try echo.run(stopOn: [.interrupt, .terminate])
}

/// `bench idle --connections N`: what open TCP connections cost while nothing happens, both in real time and a tick.
///
/// Their other ends are held by a process of its own.
func benchIdleConnections(_ connections: Int, seconds: Double) throws {
    guard lbc_descriptors() > connections + 64 else {
        throw UsageError("--connections \(connections): this process may open \(lbc_descriptors()) descriptors only")
    }
    let listener = try TCPListener(host: "127.0.0.1", port: 0, backlog: 4096)
    try listener.open()
    let (port, parent) = (Int32(listener.address.port), lbc_process())
    let child = lbc_fork()
    if child == 0 {
        if lbc_hold(port, Int32(connections)) == connections { lbc_wait_for_parent(parent) }
        lbc_leave()
    }
    defer { _ = lbc_end(child) }

    let burst = Burst(capacity: 64 << 10)
    let acceptor = StreamAcceptor(listener) { StreamDoer(FrameEcho(), over: $0, burst: burst) }
    let pace = RealPace()
    let doist = try Doist(pace: pace, doers: [acceptor])
    let patience = pace.now() + 30
    while acceptor.count < connections, pace.now() < patience {
        let wait = try doist.turn().wait ?? 1
        try pace.poll(until: pace.now() + min(wait, 1), block: true)
    }
    guard acceptor.count == connections else { throw UsageError("only \(acceptor.count) connections came about") }

    let (start, cpu, before) = (lbc_now(), lbc_cpu(), doist.statistics)
    let end = pace.now() + seconds
    while pace.now() < end {
        let wait = try doist.turn().wait ?? .infinity
        try pace.poll(until: min(pace.now() + wait, end), block: true)
    }
    let (took, used) = (lbc_now() - start, lbc_cpu() - cpu)
    let passes = doist.statistics.passes - before.passes

    // The same doers without a clock: a doer beside them runs in every tick, so that no tick is skipped.
    var ticks = 0
    try doist.extend([
        doify { _ in
            ticks += 1
            return .again
        }
    ])
    let perTick = try (0..<5).map { _ in try nanoseconds(ofTicksOf: doist) }
    let alone = try Doist(doers: [doify { _ in .again }])
    try alone.enter()
    let perEmptyTick = try (0..<5).map { _ in try nanoseconds(ofTicksOf: alone) }
    var line = JSONLine()
    line.add("row", "idle-connections")
    line.add("connections", acceptor.count)
    line.add("seconds", took, digits: 3)
    line.add("cpu_percent", used / took * 100, digits: 4)
    line.add("passes", Int(passes))
    line.add("ns_per_tick", LoopbackRounds.spread(perTick))
    line.add("ns_per_tick_without", LoopbackRounds.spread(perEmptyTick))
    print(line)
    try alone.exit()
    try doist.exit()
}

/// One round of ticks by hand.
private func nanoseconds(ofTicksOf doist: Doist) throws -> Double {
    let count = 200_000
    let start = lbc_now()
    for _ in 0..<count { try doist.recur() }
    return (lbc_now() - start) / Double(count) * 1e9
}
