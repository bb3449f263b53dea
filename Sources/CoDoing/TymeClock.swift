import Doing

/// Tyme as a clock of Swift's, for code that is written for any clock: in the body of an async doer it sleeps in tyme.
///
/// ```swift
/// func poll(every pause: Duration, on clock: some Clock<Duration>) async throws {
///     for _ in 0..<3 { try await clock.sleep(for: pause) }
/// }
/// let poller = LinearDoer { _ in try await poll(every: .seconds(1), on: TymeClock()) }
/// ```
/// All its clocks are the same: they tell the tyme of the doer in whose loop they are asked.
///
/// - Precondition: used in the body of a ``CoDoer`` or a child task of it.
public struct TymeClock: Clock, Sendable {
    /// A tyme, between which there are durations.
    public struct Instant: InstantProtocol, CustomStringConvertible {
        /// The tyme.
        public let tyme: Tyme

        /// The instant of a tyme.
        ///
        /// - Precondition: `tyme` is not NaN.
        public init(_ tyme: Tyme) {
            precondition(!tyme.isNaN, "an instant of tyme nan")
            self.tyme = tyme
        }

        public func advanced(by duration: Duration) -> Instant { Instant(tyme + duration / .seconds(1)) }

        /// The time between two instants, to 10^-18 s.
        ///
        /// - Precondition: it is finite and less than 2^63 s.
        public func duration(to other: Instant) -> Duration { .seconds(other.tyme - tyme) }

        public static func < (left: Instant, right: Instant) -> Bool { left.tyme < right.tyme }

        public var description: String { "tyme \(tyme)" }
    }

    /// A clock.
    public init() {}

    /// The tyme of the pass in which the body is running.
    public var now: Instant { Instant(currentTyme) }

    /// The shortest time that tyme tells apart near 0; what a sleep is rounded up to is the tock of the doist.
    public var minimumResolution: Duration { Duration(secondsComponent: 0, attosecondsComponent: 1) }

    /// Sleeps until tyme has reached `deadline`, as ``CoDoing/sleep(until:)`` does.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, or was before.
    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await CoDoing.sleep(until: deadline.tyme)
    }
}
