import CSockets
import Doing

/// What other threads and signal handlers write to, so that a sleeping pace wakes up.
///
/// It lives as long as anybody holds it.
final class Kick: Kicker, Sendable {
    let readEnd: Int32
    let writeEnd: Int32
    /// The error number of opening, 0 if it is open.
    let error: Int32

    init() {
        var ends = csk_kicker(read_end: -1, write_end: -1)
        let result = unsafe csk_kicker_open(&ends)
        error = result < 0 ? -result : 0
        readEnd = ends.read_end
        writeEnd = ends.write_end
    }

    deinit {
        var ends = csk_kicker(read_end: readEnd, write_end: writeEnd)
        if error == 0 { unsafe csk_kicker_close(&ends) }
    }

    func kick() {
        if error == 0 { csk_kick(writeEnd) }
    }

    func drain() { csk_kicker_drain(readEnd) }
}
