import Doing
import Wiring

/// Lets connections into a server, up to its limit.
final class FrameDoor<Core: FrameCore, Wire: StreamTransport> {
    /// Connections that are told at once that there is no room; those beyond are closed without a word.
    static var refusals: Int { 64 }

    private let roster: FrameRoster<Core, Wire>
    private let core: () -> Core
    private let refusal: (() -> Core)?
    var limit: Int?
    /// Connections turned away.
    private(set) var refused = 0
    /// Connections that are being told so.
    private var strangers = 0

    init(
        _ roster: FrameRoster<Core, Wire>, limit: Int?, refusal: (() -> Core)?, core: @escaping () -> Core
    ) {
        self.roster = roster
        self.limit = limit
        self.refusal = refusal
        self.core = core
    }

    /// The doer of a connection; nil to let it go.
    func enter(_ wire: Wire) -> Doer? {
        if roster.connections.count < limit ?? .max { return roster.add(core(), over: wire).1 }
        refused += 1
        guard let refusal, strangers < Self.refusals else { return nil }
        strangers += 1
        let doer = roster.stranger(refusal(), over: wire)
        doer.onEnd = { [weak self] _, _, _ in self?.strangers -= 1 }
        doer.onEvent = { _, _, _ in }
        return doer
    }
}
