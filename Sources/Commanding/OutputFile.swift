import Charting
import Foundation
import Rehearsing

/// What can be written of a trace.
package enum OutputFile {
    package enum Kind: String, CaseIterable { case trace, pcap, chart, timeline }

    /// Whether a file can be written there; found out before the work, not after it.
    package static func check(_ kind: Kind, _ path: String) throws {
        guard kind != .chart || [".svg", ".mmd", ".md"].contains(where: path.hasSuffix) || path.hasPrefix("/dev/")
        else {
            throw UsageError("--chart \(path): expected a name that ends in .svg, or in .mmd or .md for Mermaid")
        }
        var isDirectory: ObjCBool = false
        let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        if exists, !isDirectory.boolValue, FileManager.default.isWritableFile(atPath: path) { return }
        guard !exists, FileManager.default.createFile(atPath: path, contents: nil)
        else { throw UsageError("--\(kind.rawValue) \(path): cannot be written") }
    }

    /// What a chart is called where nothing better is known: the program and its words, its seed among them.
    package static var title: String {
        let program = CommandLine.arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? ""
        let words = ([program] + CommandLine.arguments.dropFirst()).joined(separator: " ")
        return words.count > 100 ? words.prefix(99) + "…" : words
    }

    /// Writes one of the forms of `trace` to `path`; a chart whose name ends in `.mmd` or `.md` is one for Mermaid.
    package static func write(
        _ kind: Kind, of trace: Trace, to path: String, title: String = OutputFile.title,
        describe: ((RawSpan) -> String?)?
    ) throws {
        let bytes: [UInt8]
        switch kind {
        case .trace: bytes = Array(trace.text(describe: describe).utf8)
        case .pcap: bytes = trace.pcapng(describe: describe)
        case .chart:
            let isMermaid = path.hasSuffix(".mmd") || path.hasSuffix(".md")
            bytes = Array(
                (isMermaid ? trace.mermaid(describe: describe) : trace.svg(title: title, describe: describe)).utf8)
        case .timeline: bytes = Array(trace.timeline(describe: describe).utf8)
        }
        try write(bytes, "--\(kind.rawValue)", path)
    }

    /// Writes a text.
    package static func write(_ text: String, _ flag: String, _ path: String) throws {
        try write(Array(text.utf8), flag, path)
    }

    private static func write(_ bytes: [UInt8], _ flag: String, _ path: String) throws {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        } catch {
            throw BadFile(description: "\(flag) \(path): cannot be written")
        }
    }
}
