import Doing
import Foundation

/// Reads lines from standard input without ever waiting for one: it looks once a tick.
final class Console: Doer {
    private let onLine: (String) -> Void
    private let onEnd: () -> Void
    private var rest: [UInt8] = []
    private let limit = 1 << 16

    init(onLine: @escaping (String) -> Void, onEnd: @escaping () -> Void) {
        self.onLine = onLine
        self.onEnd = onEnd
        super.init()
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 0) > 0 else { return .again }
        var room = [UInt8](repeating: 0, count: 4096)
        let count = read(0, &room, room.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? .again : end() }
        if count == 0 { return end() }
        rest += room[..<count]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            onLine(String(decoding: rest[..<newline], as: UTF8.self))
            rest.removeSubrange(...newline)
        }
        if rest.count > limit { rest.removeAll() }  // no line is that long
        return .again
    }

    private func end() -> Recurrence {
        if !rest.isEmpty { onLine(String(decoding: rest, as: UTF8.self)) }
        onEnd()
        return .done
    }
}
