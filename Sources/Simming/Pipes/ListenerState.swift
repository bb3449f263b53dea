import Containers
import Doing
import Wiring

/// What the network keeps of a ``SimListener`` while it is open.
final class ListenerState {
    let figures: SimPipe
    let backlog: Int
    weak var owner: Doer?
    /// Connections that stand and were not taken yet.
    var waiting = Fifo<Pipe>()
    /// Connections that are about to stand.
    var halfOpen = 0
    /// False once it has left its port.
    var isOpen = true

    init(figures: SimPipe, backlog: Int, owner: Doer?) {
        self.figures = figures
        self.backlog = backlog
        self.owner = owner
    }
}
