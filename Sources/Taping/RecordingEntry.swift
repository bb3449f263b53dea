import Doing
import Wiring

/// What a source is.
enum RecordingSource: Hashable {
    case transport(TrainLimits)
    case inlet
    /// Its ends, as far as they are known when it is made.
    case stream(remote: Address, local: Address)
    /// Where it stands.
    case listener(Address)
}

/// One record of a recording, read.
enum RecordingEntry: Hashable {
    case start(tyme: Tyme, tock: Double, isRealTime: Bool)
    case source(RecordingSource, String)
    case wake(Tyme, [UInt64])
    case pass(Doist.Pass.Kind, Tyme)
    case exit(Tyme, isSignalled: Bool)
    case end
    case opened(TrainLimits, Readiness)
    case received(Train, Range<Int>)
    case nothing
    case sent(Train, Range<Int>, Sending)
    /// Its length, and its sum instead of its bytes.
    case sentSum(Train, Int, UInt64, Sending)
    case room(Int32?)
    case readiness(Readiness)
    case wakeTyme(Tyme?)
    case described(Address, String)
    case failed(TransportError)
    case input(Range<Int>)
    // Of streams and listeners. A look that found nothing, room for errors and what else can be said of any transport
    // are those above.
    /// It opened: a stream begins to connect, a listener listens.
    case begun
    case connected
    /// The source record of the stream stands behind it.
    case accepted
    case read(Range<Int>)
    case ended
    case readLost(StreamLoss)
    /// How many bytes were offered, and those that were taken.
    case wrote(offered: Int, Range<Int>)
    case wroteSum(offered: Int, taken: Int, UInt64)
    case writeLost(offered: Int, StreamLoss)
    case finished
    case closed
    case reset
    case place(isLocal: Bool, Address)
    case connecting(Bool)

    /// What a person is told of it.
    var words: String {
        switch self {
        case .start(let tyme, let tock, _): "start at tyme \(tyme), tock \(tock)"
        case .source(_, let name): "source \(name)"
        case .wake(let tyme, let labels): "wake of \(labels) at tyme \(tyme)"
        case .pass(let kind, let tyme): "\(kind == .due ? "pass" : "extra pass") at tyme \(tyme)"
        case .exit(let tyme, _): "exit at tyme \(tyme)"
        case .end: "the end"
        case .opened: "opened"
        case .received(let train, let bytes):
            "received \(bytes.count) B from \(train.peer), segments of \(train.segment)"
        case .nothing: "received nothing"
        case .sent(let train, let bytes, let sending):
            "sent \(bytes.count) B to \(train.peer), segments of \(train.segment): "
                + "\(sending.outcome), \(sending.taken) taken"
        case .sentSum(let train, let count, let sum, let sending):
            "sent \(count) B with the sum \(String(sum, radix: 16)) to \(train.peer), segments of \(train.segment): "
                + "\(sending.outcome), \(sending.taken) taken"
        case .room(let descriptor): "descriptor for room \(descriptor.map { "\($0)" } ?? "none")"
        case .readiness(let readiness): "readiness \(readiness)"
        case .wakeTyme(let tyme): "wakes at \(tyme.map { "\($0)" } ?? "never")"
        case .described(let address, let text): "\(address) is \(text)"
        case .failed(let error): "failed: \(error)"
        case .input(let bytes): "input of \(bytes.count) B"
        default: streamWords
        }
    }

    private var streamWords: String {
        switch self {
        case .begun: "opened"
        case .connected: "connected"
        case .accepted: "took a connection"
        case .read(let bytes): "read \(bytes.count) B"
        case .ended: "read the end"
        case .readLost(let loss): "reading, the connection was lost: \(loss)"
        case .wrote(let offered, let bytes): "offered \(offered) B, of which \(bytes.count) were taken"
        case .wroteSum(let offered, let taken, let sum):
            "offered \(offered) B, of which \(taken) were taken, with the sum \(String(sum, radix: 16))"
        case .writeLost(let offered, let loss): "offered \(offered) B, and the connection was lost: \(loss)"
        case .finished: "ended its half"
        case .closed: "closed"
        case .reset: "reset"
        case .place(let isLocal, let address): "\(isLocal ? "its own address" : "its address") is \(address)"
        case .connecting(let isConnecting): isConnecting ? "is connecting" : "is not connecting"
        default: "\(self)"
        }
    }
}
