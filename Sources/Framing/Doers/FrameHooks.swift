import Doing
import Wiring

/// What a server or client calls when something happens at one of its connections.
///
/// ```swift
/// server.on.message = { connection, message, tyme in try connection.send(message) }
/// ```
/// All are called in the slot of the connection's doer, between reading and sending: what a hook sends leaves in the
/// same pass. What a hook throws, that doer throws; only ``down`` may not throw, since nothing is left to end.
public final class FrameHooks<Core: FrameCore, Wire: StreamTransport> {
    /// A connection of the server or client.
    public typealias Connection = FrameConnection<Core, Wire>

    /// It stands: with handshaken frames, both have said hello.
    public var up: ((Connection, Tyme) throws -> Void)?
    /// A message has come.
    public var message: ((Connection, Core.Message, Tyme) throws -> Void)?
    /// A length-type frame of an unknown type was skipped: its type, the length of its body.
    public var unknown: ((Connection, FrameType, Int, Tyme) throws -> Void)?
    /// It is over, whether it ever stood or not. Called for every connection once, whatever else takes its events.
    public var down: ((Connection, FrameEnding, Tyme) -> Void)?

    init() {}

    func tell(_ event: FrameEvent<Core.Message>, of connection: Connection, at tyme: Tyme) throws {
        switch event {
        case .up: try up?(connection, tyme)
        case .message(let message): try self.message?(connection, message, tyme)
        case .unknown(let type, let length): try unknown?(connection, type, length, tyme)
        case .down(let ending): tellDown(ending, of: connection, at: tyme)
        }
    }

    func tellDown(_ ending: FrameEnding, of connection: Connection, at tyme: Tyme) { down?(connection, ending, tyme) }
}
