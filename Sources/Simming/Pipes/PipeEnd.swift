import Charting
import Containers
import Doing
import Wiring

/// A connection of a simulated network: two ends, and how many events of it the network still holds.
final class Pipe {
    /// Its place in the network while it is there.
    let slot: Int
    let client: PipeEnd
    /// Made when the listener hears of the connection.
    var server: PipeEnd?
    /// Events under way: the slot is not used again before they are over.
    var events = 0
    /// Where the connection waits to be taken, as long as it does.
    var listener: ListenerState?
    /// When connecting is given up.
    var deadline = Micros.never

    init(slot: Int, client: PipeEnd) {
        self.slot = slot
        self.client = client
    }

    /// Both ends have done with it, or there is no second one.
    var isOver: Bool { client.isOver && server?.isOver ?? true }
}

/// One end of a connection, with all that it sends.
///
/// The bytes that it sends stand in a row. In front is what the other end has `read`; then what has `arrived` there,
/// what was `handed` to the way, and at the end what was only written so far: `ring.end`. What this end knows of the
/// first two are `acked` and `known`, which follow when word of them has come back.
final class PipeEnd {
    enum State: Equatable {
        /// Nothing was done yet.
        case idle
        case connecting
        case connected
        /// No connection came about.
        case failed(TransportError)
        case lost(StreamLoss)
        /// Its owner has let go of it. What was written still goes.
        case closed
        /// It is no more: nothing goes, and whatever comes is answered by a reset.
        case gone
    }

    /// What is on its way: bytes, or an opening, an end or a reset alone.
    struct Segment {
        /// Where its bytes stand in the row.
        var place: Int
        var count: Int
        var marks: TraceEvent.Marks
        var number: UInt64
        /// What was lost in front of it must come first.
        var isVoid = false
    }

    /// Word of what has arrived and what was read, on its way back.
    struct Word {
        var due: Int64
        var since: Int64
        var arrived: Int
        var read: Int
        var isLast: Bool
    }

    let figures: SimPipe
    let local: Address
    let remote: Address
    /// From here to there.
    let way: Int32
    /// 0 for the end that connected, 1 for the other.
    let side: Int
    var random: SplitMix64
    var state: State
    weak var owner: Doer?

    var ring = ByteRing()
    var read = 0
    var arrived = 0
    var handed = 0
    var acked = 0
    var known = 0
    /// Our half ends behind the last byte; the end was handed to the way; it has arrived; word of that is back.
    var isFinishing = false
    var isEndHanded = false
    var isEndArrived = false
    var isEndAcked = false

    /// In the order in which they arrive, which is that in which they were sent.
    var segments = Fifo<Segment>()
    var words = Fifo<Word>()
    /// When the last thing sent arrives: nothing overtakes.
    var lastDue = Int64.min
    /// When the last segment has left, and the one before: a slow way has two of them at most.
    var left = Int64.min
    var leftBefore = Int64.min
    /// An event will go on with sending.
    var isWaiting = false
    /// How often in a row it did not get through, and since when.
    var retries = 0
    var since: Int64 = 0
    /// The owner was refused room.
    var wantsRoom = false
    /// When what was not possible is worth another try.
    var retryAt = Micros.never
    /// When a slow reader may read again.
    var nextRead = Int64.min

    init(
        _ figures: SimPipe, _ state: State, local: Address, remote: Address, way: Int32, side: Int, random: SplitMix64
    ) {
        self.figures = figures
        self.state = state
        self.local = local
        self.remote = remote
        self.way = way
        self.side = side
        self.random = random
    }

    var host: Int { Int(local.lo) }

    /// Room for what is written.
    var room: Int { max(0, figures.sendBuffer - (ring.end - acked)) }

    /// Something was written that has not been handed over, its end included.
    var hasUnsent: Bool { handed < ring.end || isFinishing && !isEndHanded }

    /// Neither its owner nor the other end has anything more of it.
    var isOver: Bool {
        switch state {
        case .idle, .connecting, .connected: false
        case .failed, .lost, .gone: true
        case .closed: isEndAcked
        }
    }
}
