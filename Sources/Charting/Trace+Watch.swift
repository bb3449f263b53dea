import Doing

extension Trace {
    /// Writes what the doers of `doist` do: a lane for each of them, named by its path.
    ///
    /// It takes the doist's `onDeed`, and in real time calls whoever had `onPass` before. Such events are kept and
    /// drawn; the hash leaves them out. The doist keeps the trace alive.
    public func watch(_ doist: Doist) {
        doist.onDeed = { [self] event in
            let path = event.path.dropFirst().joined(separator: "/")
            let lane = doerLanes[path] ?? lane(path)
            doerLanes[path] = lane
            let (kind, word) = Self.words(of: event.step)
            let utf8 = Array(word.utf8)
            unsafe record(TraceEvent(kind, at: event.tyme, lane: lane), utf8.span.bytes)
        }
        guard doist.pace != nil else { return }
        let before = doist.onPass
        doist.onPass = { [self] pass in
            extra = pass.kind == .extra ? extra + 1 : 0
            before?(pass)
        }
    }

    private static func words(of step: DeedEvent.Step) -> (TraceEvent.Kind, String) {
        switch step {
        case .enter: (.enter, "")
        case .recur(.again): (.recur, "again")
        case .recur(.park(let until)): (.recur, until == .infinity ? "parked" : "parked until \(until)")
        case .recur(.done): (.recur, "done")
        case .clean: (.clean, "")
        case .cease: (.cease, "")
        case .abort: (.abort, "")
        case .exit: (.exit, "")
        }
    }
}
