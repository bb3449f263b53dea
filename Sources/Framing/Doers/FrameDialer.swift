import Doing
import Wiring

/// Makes the connections of a client, one after the other, in a place of its own.
final class FrameDialer<Core: FrameCore, Wire: StreamTransport>: Doer {
    weak var owner: DoDoer?
    private let roster: FrameRoster<Core, Wire>
    private var again: RetryTymer?
    private let makeCore: () -> Core
    private let makeWire: () throws -> Wire
    private var scheduled: Doer?
    private var connection: FrameConnection<Core, Wire>?
    private var isStopped = false
    private(set) var attempts = 0
    private(set) var retryTyme: Tyme?
    private(set) var error: (any Error)?

    init(
        _ roster: FrameRoster<Core, Wire>, _ again: RetryTymer?, core: @escaping () -> Core,
        wire: @escaping () throws -> Wire
    ) {
        self.roster = roster
        self.again = again
        makeCore = core
        makeWire = wire
        super.init()
    }

    override func enter(_ tyme: Tyme) throws {
        (isStopped, attempts, error, retryTyme, connection, scheduled) = (false, 0, nil, tyme, nil, nil)
        try again?.restart(at: tyme)
    }

    func stop() {
        isStopped = true
        wake()
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        if let connection {
            guard let ending = connection.ending else { return .park(until: .infinity) }
            self.connection = nil
            try wait(from: tyme, wasUp: ending.wasUp)
        }
        guard !isStopped, let retryTyme else { return .done }
        guard retryTyme <= tyme else { return .park(until: retryTyme) }
        self.retryTyme = nil
        if attempts > 0 { _ = again?.turn(at: tyme) }
        attempts += 1
        do {
            let (connection, doer) = roster.add(makeCore(), over: try makeWire())
            error = nil
            try schedule(connection, doer)
            return .park(until: .infinity)
        } catch {
            self.error = error
            try wait(from: tyme, wasUp: false)
            return self.retryTyme.map { .park(until: $0) } ?? .done
        }
    }

    private func schedule(_ connection: FrameConnection<Core, Wire>, _ doer: Doer) throws {
        // The one before has ended, but for doers beside it that have not: they live on.
        if let scheduled, scheduled.nextTyme == nil { try owner?.remove([scheduled]) }
        (self.connection, scheduled) = (connection, doer)
        let end = connection.onEnd
        connection.onEnd = { [weak self] in
            end?($0, $1)
            self?.wake()
        }
        try owner?.extend([doer])
    }

    private func wait(from tyme: Tyme, wasUp: Bool) throws {
        if wasUp { try again?.restart(at: tyme) } else { again?.wait(from: tyme) }
        if let again, !again.isLast { retryTyme = again.deadline }
    }
}
