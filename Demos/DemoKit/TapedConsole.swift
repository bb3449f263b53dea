import Doing
import Sockets
import Taping

/// A console whose lines pass through an inlet: recorded, or given again as they were.
///
/// It looks once a tick; it does not watch the descriptor, which no replay could follow.
final class TapedConsole: Doer {
    private let inlet: Inlet
    private let onEvent: (ConsoleEvent) -> Void
    private var console: Console?
    private var events: [ConsoleEvent] = []

    init(_ inlet: Inlet, descriptor: Int32 = 0, onEvent: @escaping (ConsoleEvent) -> Void) {
        self.inlet = inlet
        self.onEvent = onEvent
        super.init()
        guard !inlet.isReplay else { return }
        console = Console(descriptor: descriptor) { [unowned self] event, _ in events.append(event) }
    }

    override func enter(_ tyme: Tyme) throws { try console?.enter(tyme) }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        let bytes = try inlet.take {
            _ = try console?.recur(tyme)
            defer { events = [] }
            return events.flatMap(Self.encode)
        }
        var isOver = false
        for event in Self.decode(bytes) {
            if case .end = event { isOver = true }
            onEvent(event)
        }
        return isOver ? .done : .again
    }

    override func exit(_ tyme: Tyme) throws { try console?.exit(tyme) }

    // MARK: - Events as bytes: a kind, a number of four bytes, and so many bytes of text

    static func encode(_ event: ConsoleEvent) -> [UInt8] {
        switch event {
        case .line(let text): head(0, text.utf8.count) + Array(text.utf8)
        case .notText(let bytes): head(1, bytes.count) + bytes
        case .tooLong(let bytes): head(2, bytes)
        case .end(let code): head(code == nil ? 3 : 4, Int(code ?? 0))
        }
    }

    private static func head(_ kind: UInt8, _ number: Int) -> [UInt8] {
        let word = UInt32(truncatingIfNeeded: number)
        return [kind] + (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
    }

    static func decode(_ bytes: [UInt8]) -> [ConsoleEvent] {
        var events: [ConsoleEvent] = []
        var rest = bytes[...]
        while rest.count >= 5 {
            let kind = rest[rest.startIndex]
            let number = rest.dropFirst().prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            rest = rest.dropFirst(5)
            let body = kind < 2 ? rest.prefix(Int(number)) : []
            rest = rest.dropFirst(body.count)
            switch kind {
            case 0: events.append(.line(String(decoding: body, as: UTF8.self)))
            case 1: events.append(.notText(Array(body)))
            case 2: events.append(.tooLong(bytes: Int(number)))
            default: events.append(.end(code: kind == 4 ? Int32(bitPattern: number) : nil))
            }
        }
        return events
    }
}
