import Containers

/// Memos of one destination with grams that were never sent: a queue for each priority.
struct FreshMemos {
    private var high = Fifo<GramRef>()
    private var normal = Fifo<GramRef>()
    private var low = Fifo<GramRef>()

    @inline(__always) subscript(priority: MemoPriority) -> Fifo<GramRef> {
        _read {
            switch priority {
            case .high: yield high
            case .normal: yield normal
            case .low: yield low
            }
        }
        _modify {
            switch priority {
            case .high: yield &high
            case .normal: yield &normal
            case .low: yield &low
            }
        }
    }

    /// The memo whose turn it is.
    @inline(__always) var first: GramRef? { high.first ?? normal.first ?? low.first }

    mutating func removeAll() {
        high.removeAll()
        normal.removeAll()
        low.removeAll()
    }
}
