import DemoKit

let usage = """
    Usage: bench ROW [options]

      sched      what a tick costs, beside C: --doers N --due busy|parked|timers|woken|F [--repeat R]
      codec      memo to grams and back, beside memcpy: --size B --gram M --kind plain|signed --domain text|binary
      datagrams  raw datagrams through peer doers, beside C: [--size B] [--row NAME]
      loopback   memos over real sockets, beside C: --mode 1t|2p --size B --mtu M [--pp 1] [--transport udp|uxd]
                 [--window N] [--tick-us U] [--in-place 1] [--reference 1]
             [--kind sure [--control none|rate|newreno|delayreno]]
      record     what recording costs on the fastest path: [--size B] [--rounds N] [--ms N] [--keep MIB]
                 [--file PATH]
      ltp        red blocks of LTP over real sockets, beside C: [--mode 1t|2p] [--size B] [--mtu M] [--rounds N]
                 [--trains N] [--rate BYTES_PER_S] [--window BYTES]; or --table SESSIONS: how many
                 light times sessions take to close, over bit errors
      flows      packets of flows over the UDP layer of Ouroboros, beside C; allocations; round trips of two
                 processes: [--row raw|alloc|echo] [--size B] [--count N] [--rounds N] [--trains N]
      tcp        frames of an int32 length echoed over TCP, beside C: [--size B --inflight N]
      frames     messages echoed by servers of both frame protocols, beside C: [--rounds N] [--ms N]
      tcp-echo   the echo server of it, for a load generator of your own: PORT
      sim        memos over a simulated link: --count N --size B --gap-us U --seed N --loss F --delay-us U
                 --jitter-us U --rate-bps R --queue-bytes B --tick-us U --limit-ms L --mtu M [--skip 0|1]
                 [--kind sure [--control rate|newreno|delayreno|none] [--pace BYTES] [--window N]]
             [--domain binary] [--seeds K]
                 beside sure memos: what an oracle needs, ideal_*, and ours over it, ratio_*
      idle       what open peers, or connections, cost while nothing happens: --peers N | --connections N --seconds S
      async      what linear code costs, beside plain doers: [--doers N] [--repeat R] [--row NAME]
      all        every row that the README quotes, with its yardstick in the same run

    One JSON object a line; medians, and ratios of medians. Build with -c release, and leave the machine alone.
    """

/// The rows that the README quotes.
let quoted: [[String]] = [
    ["sched", "--doers", "10000", "--due", "busy"],
    ["sched", "--doers", "1000000", "--due", "parked"],
    ["sched", "--doers", "100000", "--due", "timers"],
    ["codec", "--size", "1048576", "--gram", "1240", "--kind", "plain", "--domain", "text"],
    ["codec", "--size", "1024", "--gram", "1240", "--kind", "plain", "--domain", "text"],
    ["codec", "--size", "65536", "--gram", "1240", "--kind", "signed", "--domain", "text"],
    ["datagrams"],
    ["record", "--rounds", "101"],
    ["loopback", "--size", "1024", "--reference", "1"],
    ["loopback", "--size", "1024", "--in-place", "1", "--reference", "1"],
    ["loopback", "--size", "1048576", "--reference", "1"],
    ["loopback", "--size", "200", "--pp", "1", "--reference", "1"],
    ["loopback", "--mode", "2p", "--size", "200", "--pp", "1", "--count", "5000"],
    ["loopback", "--kind", "sure", "--size", "1024", "--tick-us", "1000", "--reference", "1"],
    ["loopback", "--kind", "sure", "--size", "200", "--pp", "1", "--tick-us", "1000", "--reference", "1"],
    ["ltp"],
    ["ltp", "--mtu", "60000"],
    ["ltp", "--mode", "2p"],
    ["ltp", "--mode", "2p", "--mtu", "60000"],
    ["flows"],
    ["tcp"],
    ["frames"],
    ["sim", "--size", "200", "--gap-us", "100000", "--count", "200000", "--limit-ms", "100000000", "--skip", "0"],
    ["sim", "--size", "200", "--gap-us", "100000", "--count", "200000", "--limit-ms", "100000000", "--skip", "1"],
    ["sim", "--size", "200", "--gap-us", "20", "--count", "2000000", "--limit-ms", "100000000"],
    ["sim", "--kind", "sure", "--count", "1", "--size", "1048576", "--loss", "0.1", "--seeds", "5"],
    [
        "sim", "--kind", "sure", "--count", "1", "--size", "16777216", "--loss", "0.1", "--rate-bps", "100000000",
        "--seeds", "5",
    ],
    [
        "sim", "--kind", "sure", "--count", "1", "--size", "16777216", "--loss", "0.1", "--rate-bps", "100000000",
        "--control", "delayreno", "--seeds", "5",
    ],
    ["idle", "--peers", "1000", "--seconds", "5"],
    ["idle", "--connections", "10000", "--seconds", "5"],
    ["async", "--doers", "1"],
    ["async", "--doers", "10000"],
]

func bench(_ row: String, _ words: [String]) throws {
    switch row {
    case "sched": try benchSched(words)
    case "codec": try benchCodec(words)
    case "datagrams": try benchDatagrams(words)
    case "record": try benchRecord(words)
    case "loopback": try benchLoopback(words)
    case "ltp": try benchLTP(words)
    case "flows": try benchFlows(words)
    case "tcp": try benchTCP(words)
    case "frames": try benchFrames(words)
    case "tcp-echo": try benchTCPEcho(words)
    case "sim": try benchSim(words)
    case "idle": try benchIdle(words)
    case "async": try benchAsync(words)
    default: throw UsageError("what is \"\(row)\"?")
    }
}

Program(name: "bench", usage: usage).run { arguments in
    guard let row = arguments.word() else {
        try arguments.finish()
        throw UsageError("say which row")
    }
    guard row == "all" else {
        try bench(row, arguments.rest())
        return true
    }
    try arguments.finish()
    for words in quoted { try bench(words[0], Array(words.dropFirst())) }
    return true
}
