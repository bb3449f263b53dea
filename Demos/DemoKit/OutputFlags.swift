import Charting
import Doing
import Wiring

/// The flags that say which files are written of what passed: the same in every demo that has them.
package struct OutputFlags {
    /// What `--help` says of them.
    package static let usage = """
          --pcap FILE       what passed, for Wireshark; --trace FILE as text; --chart FILE as a sequence chart (SVG, or
                            Mermaid if FILE ends in .mmd); --timeline FILE for ui.perfetto.dev
        """

    /// Where what passes is noted; nil if nothing is to be written.
    package let trace: Trace?
    private let outputs: [(kind: OutputFile.Kind, path: String)]

    package init(_ words: inout Arguments) throws {
        outputs = try OutputFile.Kind.allCases.compactMap { kind in
            try words.value("--\(kind.rawValue)").map { (kind, $0) }
        }
        trace = outputs.isEmpty ? nil : Trace()
    }

    /// Finds out whether the files can be written, before the work. A replay, which writes none, leaves it out.
    package func check() throws { for (kind, path) in outputs { try OutputFile.check(kind, path) } }

    /// A tap that notes what passes a transport; nil if nothing is to be written.
    package func tap(_ name: String) -> TraceTap? { trace.map { TraceTap($0, name) } }

    /// Lets the lanes of the doers be drawn, if there is a timeline to be written.
    package func watch(_ doist: Doist) {
        if outputs.contains(where: { $0.kind == .timeline }) { trace?.watch(doist) }
    }

    /// Writes the files. Addresses are named as the transport names them.
    package func write(describing describe: (Address) -> String) throws {
        guard let trace else { return }
        for index in 0..<trace.count {
            for address in [trace.event(index).local, trace.event(index).peer] where !address.isNone {
                trace.name(address, printable(describe(address)))  // the other end may have chosen its path
            }
        }
        try write(trace)
    }

    /// Writes the files of `trace`, whose addresses have their names.
    package func write(_ trace: Trace) throws {
        for (kind, path) in outputs { try OutputFile.write(kind, of: trace, to: path) { describeDatagram($0) } }
    }
}
