import CoDoing
import Doing
import Wiring

// Linear code over the same flows: in the body of a `CoDoer`, `await` what another doer would look for.

extension FlowNet {
    /// Asks for a flow to `name` and waits until it is up.
    ///
    /// - Throws: ``FlowEnd``; `CancellationError`, and then the request is taken back.
    public nonisolated(nonsending) func alloc(
        _ name: String, qos: QoSSpec = .raw, timeout: Double = patience, data: [UInt8] = []
    ) async throws -> Flow {
        let flow = Flow(of: self)
        alloc(flow, name, qos: qos, timeout: timeout, data: data)
        return try await flow.up()
    }

    /// Takes part in a broadcast and waits until the hub has answered.
    ///
    /// - Throws: as `alloc(_:qos:timeout:data:)`.
    public nonisolated(nonsending) func join(
        _ name: String, qos: QoSSpec = .raw, timeout: Double = patience
    ) async throws -> Flow {
        let flow = Flow(of: self)
        alloc(flow, name, qos: qos, timeout: timeout, data: [], joins: true)
        return try await flow.up()
    }

    /// Waits for a request for a bound name and accepts it.
    ///
    /// - Parameters:
    ///   - timeout: seconds to wait; nil for as long as it takes.
    ///   - data: goes with the answer; the asker finds it in ``Flow/data``.
    /// - Returns: nil if none came in time.
    public nonisolated(nonsending) func accept(timeout: Double? = nil, data: [UInt8] = []) async throws -> Flow? {
        let inbox = offered ?? Inbox(limit: 1)
        offered = inbox
        let end = timeout.map { currentTyme + $0 }
        while true {
            if let flow = takeOffer(data) { return flow }
            if let end {
                guard currentTyme < end, try await inbox.next(timeout: end - currentTyme) != nil else { return nil }
            } else {
                _ = try await inbox.next()
            }
        }
    }

    /// Asks for a flow, lends it to `body`, and ends it: Python's `with flow_alloc(…) as f`.
    ///
    /// - Throws: as `alloc(_:qos:timeout:data:)`, and what `body` throws.
    public nonisolated(nonsending) func withFlow<Result>(
        _ name: String, qos: QoSSpec = .raw, timeout: Double = patience,
        _ body: nonisolated(nonsending) (Flow) async throws -> Result
    ) async throws -> Result {
        let flow = try await alloc(name, qos: qos, timeout: timeout)
        defer { flow.dealloc() }
        return try await body(flow)
    }
}

extension Flow {
    /// Waits until it is up.
    ///
    /// - Throws: ``FlowEnd`` if it does not come up; `CancellationError`, and then it is deallocated.
    @discardableResult public nonisolated(nonsending) func up() async throws -> Flow {
        let inbox = arrivals ?? Inbox(limit: 1)
        arrivals = inbox
        while true {
            switch state {
            case .up: return self
            case .down(let end): throw end
            case .idle: throw FlowEnd.closed
            case .pending:
                do { _ = try await inbox.next() } catch {
                    dealloc()
                    throw error
                }
            }
        }
    }

    /// Waits for a packet and reads it, or as much of it as `count` allows.
    ///
    /// - Returns: nil if none came in ``receiveTimeout``.
    /// - Throws: ``FlowEnd`` once nothing will come; `CancellationError`.
    public nonisolated(nonsending) func read(_ count: Int = .max) async throws -> [UInt8]? {
        let inbox = arrivals ?? Inbox(limit: 1)
        arrivals = inbox
        let end = receiveTimeout.map { currentTyme + $0 }
        while true {
            var bytes: [UInt8] = []
            switch read(count, into: &bytes) {
            case .message: return bytes
            case .down(let end): throw end
            case .empty, .notAllowed, .tooSmall: break
            }
            if let end {
                guard currentTyme < end, try await inbox.next(timeout: end - currentTyme) != nil else { return nil }
            } else {
                _ = try await inbox.next()
            }
        }
    }

    /// Waits for a packet and reads it as text.
    public nonisolated(nonsending) func readline(_ count: Int = .max) async throws -> String? {
        try await read(count).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Waits until there is room, and writes one packet.
    ///
    /// - Returns: how many bytes were taken; 0 if there was no room in ``sendTimeout``.
    /// - Throws: ``FlowEnd`` once it is over; `CancellationError`.
    @discardableResult public nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws -> Int {
        let end = sendTimeout.map { currentTyme + $0 }
        while true {
            let result: FlowWrite = write(bytes.span.bytes)
            switch result {
            case .written(let count): return count
            case .down(let end): throw end
            case .tooLarge: return 0
            case .full, .notAllowed: break
            }
            let inbox = departures ?? Inbox(limit: 1)
            departures = inbox
            if let end {
                guard currentTyme < end, try await inbox.next(timeout: end - currentTyme) != nil else { return 0 }
            } else {
                _ = try await inbox.next()
            }
        }
    }
}

extension FlowSet {
    /// Waits until something has happened and moves it to `queue`.
    ///
    /// - Parameters:
    ///   - queue: gets what has happened.
    ///   - timeout: seconds to wait; nil for as long as it takes.
    /// - Returns: whether anything is in the queue.
    /// - Throws: `CancellationError`.
    @discardableResult public nonisolated(nonsending) func wait(
        _ queue: FlowEventQueue, timeout: Double? = nil
    ) async throws -> Bool {
        let inbox = arrivals ?? Inbox(limit: 1)
        arrivals = inbox
        let end = timeout.map { currentTyme + $0 }
        while true {
            if move(to: queue) { return true }
            if let end {
                guard currentTyme < end, try await inbox.next(timeout: end - currentTyme) != nil else { return false }
            } else {
                _ = try await inbox.next()
            }
        }
    }
}
