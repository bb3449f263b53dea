import Containers
import Doing

/// Whole microseconds of tyme: what the timers of sure memos count in, so that they come out the same everywhere.
typealias Micros = Int64

extension Micros {
    /// The nearest microsecond of a tyme. Not a number counts as 0; what is out of range is clamped.
    init(tyme: Tyme) {
        let micros = (tyme * 1e6).rounded()
        guard micros == micros else {
            self = 0
            return
        }
        self = micros >= 9e18 ? 9_000_000_000_000_000_000 : micros <= -9e18 ? -9_000_000_000_000_000_000 : Int64(micros)
    }

    /// The least tyme that is not before this microsecond.
    var tyme: Tyme {
        // A tick whose tyme has drifted may lie up to half a microsecond before: it counts as this one.
        var tyme = (Double(self) - 0.5) / 1e6
        while Micros(tyme: tyme) < self { tyme = tyme.nextUp }
        return tyme
    }
}

extension RowHeap where Rank == Micros {
    /// Sets the deadline of a row; `Micros.max` takes it out.
    mutating func set(_ row: Int32, _ at: Micros) {
        if at == .max { remove(row) } else { set(row, to: at) }
    }
}
