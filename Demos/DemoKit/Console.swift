import Doing
import Foundation
import Tracing

/// Reads lines from standard input without ever waiting for one: it looks once a tick.
final class Console: Doer {
    private let onLine: (String) -> Void
    private let onEnd: () -> Void
    /// Through which all that is read comes.
    private let inlet: Inlet
    private var rest: [UInt8] = []
    private let limit = 1 << 16

    init(_ inlet: Inlet = Inlet(), onLine: @escaping (String) -> Void, onEnd: @escaping () -> Void) {
        self.onLine = onLine
        self.onEnd = onEnd
        self.inlet = inlet
        super.init()
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        let news = inlet.take { look() }
        guard let kind = news.first, kind != 0 else { return .again }
        if kind == 2 { return end() }
        rest += news.dropFirst()
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            onLine(String(decoding: rest[..<newline], as: UTF8.self))
            rest.removeSubrange(...newline)
        }
        if rest.count > limit { rest.removeAll() }  // no line is that long
        return .again
    }

    /// What has come: 1 and the bytes, 2 for the end, nothing or 0 for nothing.
    private func look() -> [UInt8] {
        var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 0) > 0 else { return [] }
        var room = [UInt8](repeating: 0, count: 4096)
        let count = read(0, &room, room.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? [] : [2] }
        return count == 0 ? [2] : [1] + room[..<count]
    }

    private func end() -> Recurrence {
        if !rest.isEmpty { onLine(String(decoding: rest, as: UTF8.self)) }
        onEnd()
        return .done
    }
}
