import DemoKit
import Doing

/// What a run of `bench sim` came to, ours or the ideal's.
struct SimFigures {
    /// Seconds until the last memo was whole; nil if the time was up before.
    var doneAt: Tyme?
    /// Seconds from handing over to arrival that 99 % of the memos did not exceed.
    var slow: Tyme = 0
    /// Datagrams both ways, and their bytes.
    var datagrams = 0
    var bytes = 0

    /// The bytes with those of the IP and UDP heads.
    var wireBytes: Int { bytes + 28 * datagrams }

    /// The key and the value of each figure, and how many digits of it are worth reading.
    var values: [(key: String, value: Double, digits: Int)] {
        [
            ("done_ms", (doneAt ?? .nan) * 1e3, 3), ("lat_p99_ms", slow * 1e3, 3), ("bytes", Double(bytes), 0),
            ("wire_bytes", Double(wireBytes), 0),
        ]
    }

    /// Adds the ideal's figures, and ours over them.
    static func compare(_ ours: SimFigures, _ ideal: SimFigures, in line: inout JSONLine) {
        for figure in ideal.values { line.add("ideal_" + figure.key, figure.value, digits: figure.digits) }
        for (ours, ideal) in zip(ours.values, ideal.values) {
            line.add("ratio_" + ours.key, ours.value / ideal.value, digits: 4)
        }
    }

    /// Each figure's median; a run that was not over counts as the slowest.
    static func median(_ runs: [SimFigures]) -> SimFigures {
        func middle<Value: Comparable>(_ value: (SimFigures) -> Value) -> Value {
            runs.map(value).sorted()[runs.count / 2]
        }
        let done = middle { $0.doneAt ?? .infinity }
        return SimFigures(
            doneAt: done == .infinity ? nil : done, slow: middle(\.slow), datagrams: middle(\.datagrams),
            bytes: middle(\.bytes))
    }
}
