import Charting
import Doing
import Simming
import Wiring

/// The flags that every demo with a wire has: what goes wrong on it, and what is written down of it.
package struct WireFlags {
    /// What `--help` says of them.
    package static let usage = """
          --loss P --delay S --jitter S --duplicate P --reorder P --corrupt P --rate BITS
                            what goes wrong with what is sent: probabilities, seconds, bits a second
          --seed N          what that is drawn from; 1 without it
        \(OutputFlags.usage)
        """

    /// What goes wrong; nil if nothing was asked for.
    package let link: SimLink?
    /// What chance is drawn from.
    package let seed: UInt64
    private let outputs: OutputFlags

    /// - Parameter usual: what goes wrong where nothing is asked for; nil for nothing.
    package init(_ words: inout Arguments, usual: SimLink? = nil) throws {
        let ideal = SimLink()
        var link = usual ?? ideal
        func take(_ flag: String, _ range: ClosedRange<Double>, _ field: WritableKeyPath<SimLink, Double>) throws {
            if let value = try words.number(flag, in: range) { link[keyPath: field] = value }
        }
        try take("--loss", 0...1, \.loss)
        try take("--delay", 0...3600, \.delay)
        try take("--jitter", 0...3600, \.jitter)
        try take("--duplicate", 0...1, \.duplicate)
        try take("--reorder", 0...1, \.reorder)
        try take("--corrupt", 0...1, \.corrupt)
        try take("--rate", 1...1e12, \.rate)
        let seed = try words.integer("--seed", in: 0...Int.max)
        guard seed == nil || usual != nil || link != ideal else {
            throw UsageError("--seed is for --loss and the like")
        }
        self.seed = UInt64(seed ?? 1)
        self.link = usual == nil && link == ideal ? nil : link
        outputs = try OutputFlags(&words)
    }

    /// Finds out whether the files can be written.
    package func check() throws { try outputs.check() }

    /// Where what passes is noted; nil if nothing is to be written.
    package var trace: Trace? { outputs.trace }

    /// A tap that notes what passes a transport; nil if nothing is to be written.
    package func tap(_ name: String) -> TraceTap? { outputs.tap(name) }

    /// Lets the lanes of the doers be drawn, if there is a timeline to be written.
    package func watch(_ doist: Doist) { outputs.watch(doist) }

    /// Writes the files. Addresses are named as the transport names them.
    package func write(describing describe: (Address) -> String) throws { try outputs.write(describing: describe) }

    /// Writes the files of another trace, whose addresses have their names.
    package func write(_ trace: Trace) throws { try outputs.write(trace) }
}
