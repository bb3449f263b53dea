import Doing
import Framing
import Simming

/// A client's application: says a message every gap, a few at a time, and says those again in the next connection whose
/// echo has not come. It is over when all echoes have.
final class FrameTalker<Core: FrameCore>: Doer {
    typealias Connection = FrameConnection<Core, SimStream>

    private let client: FrameClient<Core, SimStream>
    private let words: FrameWords<Core>
    private let ledger: FrameLedger
    private let title: String
    private let incarnation: Int
    private let count, largest, window: Int
    private let gap: Double
    private var random: Xoshiro256
    private var made = 0
    private var due: Tyme = 0
    /// Messages whose echo has not come, in order.
    private var open: [[UInt8]] = []
    /// How many of them were said in the connection that stands.
    private var said = 0

    init(
        _ client: FrameClient<Core, SimStream>, _ words: FrameWords<Core>, _ ledger: FrameLedger, name: String,
        incarnation: Int, count: Int, largest: Int, window: Int, gap: Double, random: Xoshiro256
    ) {
        self.client = client
        self.words = words
        self.ledger = ledger
        title = name
        self.incarnation = incarnation
        self.count = count
        self.largest = largest
        self.window = window
        self.gap = gap
        self.random = random
        super.init()
        client.on.up = { [unowned self] connection, _ in up(connection) }
        client.on.message = { [unowned self] connection, message, _ in hear(words.bytes(message), connection) }
        client.on.down = { [unowned self] connection, ending, _ in
            ledger.down(label(connection), ending)
            said = 0
        }
    }

    /// How many messages wait for their echo, or to be said at all.
    var unheard: Int { count - made + open.count }
    /// Whether all is said and heard, and its connections are over.
    var isOver: Bool { unheard == 0 && client.isDone }

    override func enter(_ tyme: Tyme) throws { due = tyme }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while made < count, due <= tyme {
            let item = Ledger.Item(from: title, number: incarnation * 1000 + made)
            open.append(Ledger.bytes(item, length: 1 + random.below(largest)))
            made += 1
            due += gap
        }
        if let connection = client.connection, connection.isUp { flush(connection) }
        if unheard == 0 { client.stop() }
        return .park(until: made < count ? due : .infinity)
    }

    private func label(_ connection: Connection) -> String { "\(title) \(incarnation) #\(connection.id)" }

    private func up(_ connection: Connection) {
        ledger.up(label(connection))
        if said != 0 { ledger.complain("\(label(connection)) stands beside another") }
        flush(connection)
    }

    private func hear(_ bytes: [UInt8], _ connection: Connection) {
        ledger.echo(label(connection))
        guard said > 0, bytes == open[0] else {
            return ledger.complain("\(label(connection)) hears \(bytes.count) bytes that are not what it said next")
        }
        open.removeFirst()
        said -= 1
        flush(connection)
        if unheard == 0 { wake() }
    }

    private func flush(_ connection: Connection) {
        while said < min(open.count, window) {
            do {
                try words.send(connection, open[said])
            } catch {
                // A connection that is ending takes no more; the next one will.
                if error as? FrameError != .closed { ledger.complain("\(label(connection)) cannot say: \(error)") }
                return
            }
            ledger.say(open[said])
            said += 1
        }
    }
}
