import Charting
import Sockets
import Taping
import Wiring

/// Where a frame peer stands, or connects to: `HOST:PORT`, or the path of a Unix socket.
enum FramePlace {
    case tcp(Address)
    case unix(String)

    /// What has a slash in it is a path.
    init(_ flag: String, _ text: String) throws {
        do {
            self = try text.contains("/") ? .unix(UXDPath(text).path) : .tcp(Address(text))
        } catch {
            throw UsageError("\(flag) \(text): \(error)")
        }
    }

    var address: Address? { if case .tcp(let address) = self { address } else { nil } }
    var path: String? { if case .unix(let path) = self { path } else { nil } }

    var text: String {
        switch self {
        case .tcp(let address): "\(address)"
        case .unix(let path): path
        }
    }
}

/// What `frame-peer` rides on: listeners that stand already, and a way to connect.
struct FrameWires<Listener: StreamListener> {
    let listeners: [Listener]
    /// Where they stand, or where it connects to, for people.
    let places: [String]
    let dial: () throws -> Listener.Stream

    /// What a recording calls its sources, in the order in which they are made.
    private static func name(_ index: Int) -> String { "listener \(index + 1)" }
    private static var call: String { "call" }

    /// Real ones, recorded if the run is, and shown to a trace if there is one.
    init<Base: StreamListener>(
        _ listeners: [Base], _ places: [String], _ recorder: Recorder?, _ trace: Trace?,
        dial: @escaping () throws -> Base.Stream
    ) where Listener == TracedListener<RecordedListener<Base>> {
        self.listeners = listeners.enumerated().map {
            TracedListener(RecordedListener($1, recorder, name: Self.name($0)), trace)
        }
        self.places = places
        self.dial = { RecordedStream(try dial(), recorder, name: Self.call).traced(trace, "client") }
    }

    /// Those of a recording.
    init(_ options: FramePeerOptions, _ replay: Replay) throws where Listener == ReplayedListener {
        listeners = try options.listen.indices.map { try ReplayedListener(replay, name: Self.name($0)) }
        places = []
        dial = { try ReplayedStream(replay, name: Self.call) }
    }
}
