import Doing

/// Ends a wait in the first pass after its deadline in which nothing has come: what lies unread since before is read
/// first, so that a process that was stopped for a while does not blame the other end.
struct Patience {
    private var isDue = false

    /// True in the second pass in which `deadline` has passed.
    mutating func isOver(_ deadline: Tyme?, at tyme: Tyme) -> Bool {
        guard let deadline, deadline <= tyme else {
            isDue = false
            return false
        }
        defer { isDue = true }
        return isDue
    }

    /// Something has come.
    mutating func renew() { isDue = false }
}
