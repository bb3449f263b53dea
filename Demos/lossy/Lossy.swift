import DemoKit
import Memoing

/// `lossy`: a memo that survives a link which loses a third of everything, beside one that does not.
public enum Lossy {
    /// What `lossy --help` prints.
    public static let usage = """
        Usage: lossy [--kind sure|sure-signed] [--size N] [--loss P] [--delay S] [--jitter S] [--udp|--uxd] [options]

        Sends one memo from red to blu over a link that loses 30 % of all datagrams each way, 50 ms away: first as a
        plain memo, then as a sure one. Prints what was sent and what was lost, and what it came to, side by side.

          --kind KIND       sure (the default) or sure-signed, held against plain and signed
          --size N          bytes of the memo, 24,000 by default
          --gram N          bytes of a gram at most, 1240 by default
          --control C       newreno (the default), delayreno, rate (for a link with --rate), or none (64 grams)
          --udp, --uxd      over real sockets, with the faults in front of them; otherwise in simulated time
          --time S          give up after S seconds
          --table           many runs over loss, size and kind, --runs N (1000) of each: the table of the documentation
          --json            one JSON object a line
        \(WireFlags.usage)
          --help            this

        The files are those of the sure run. The same --seed gives the same simulated run.
        Ends with status 0 if the sure memo arrived intact and once, 1 if not, 2 for bad words.
        """

    /// Does what the words say.
    ///
    /// - Returns: true if the sure memo arrived intact and once.
    package static func run(_ words: inout Arguments) throws -> Bool {
        let options = try LossyOptions(&words)
        try options.flags.check()
        return try run(options, Reporter(json: options.json))
    }

    static func run(_ options: LossyOptions, _ reporter: Reporter) throws -> Bool {
        if let runs = options.table { return try LossyTable(options, runs: runs).print(to: reporter) }
        let plain = try LossyRun(options, options.plainKind)
        announce(plain, options, reporter)
        guard !plain.wasInterrupted else { return true }
        let sure = try LossyRun(options, options.kind)
        announce(sure, options, reporter)
        try options.flags.write(sure.witness.trace)
        LossySummary(options, plain, sure).print(to: reporter)
        return sure.witness.isIntactOnce || sure.wasInterrupted
    }

    private static func announce(_ run: LossyRun, _ options: LossyOptions, _ reporter: Reporter) {
        let count = LossyCount(run.witness.trace)
        let (link, place) = (options.link, options.place)
        var line = JSONLine(event: "run")
        line.add("kind", run.kind.word)
        line.add("size", options.size)
        line.add("grams", count.needed)
        line.add("loss", link.loss, digits: 6)
        line.add("delay_ms", link.delay * 1e3, digits: 3)
        line.add("seed", Int(options.seed))
        let what = "\(grouped(options.size)) bytes as a \(run.kind.word) memo"
        let wire = place == .simulated ? "in simulated time" : place == .udp ? "over UDP" : "over Unix datagrams"
        let way =
            "\(JSONLine.fixed(link.loss * 100, 2)) % lost each way, \(JSONLine.fixed(link.delay * 1e3, 3)) ms away"
        reporter.say(line, (run.kind.isSure ? "\n" : "") + "\(what), \(wire): \(way)")
        LossyLog(run.witness.trace).print(to: reporter)
    }
}
