extension Doist {
    /// What ``Doist/turn()`` leaves to its host.
    public struct Turn: Hashable, Sendable {
        /// Whether the run is over and every exit has run; further turns do nothing.
        public let isDone: Bool
        /// Call again after this many seconds at the latest; nil when only the descriptor can bring work.
        public let wait: Double?

        /// What a turn answers.
        public init(isDone: Bool, wait: Double?) {
            self.isDone = isDone
            self.wait = wait
        }
    }

    /// A pass that is about to begin; see ``Doist/onPass``.
    ///
    /// A recording that notes them can be played back with ``Doist/recur()`` and ``Doist/recurExtra()``.
    public struct Pass: Hashable, Sendable {
        /// The two kinds of pass.
        public enum Kind: Hashable, Sendable {
            /// All that is due, and a tick at the end.
            case due
            /// Woken doers only, between ticks.
            case extra
        }

        /// Which kind.
        public let kind: Kind
        /// The number of the pass, both kinds together, from 1.
        public let number: UInt64
        /// The tyme that its doers see.
        public let tyme: Tyme
    }

    /// A pass that took long; see ``Doist/onSlowPass``.
    public struct SlowPass: Hashable, Sendable {
        /// The tyme of the pass.
        public let tyme: Tyme
        /// How long it took.
        public let seconds: Double
        /// Names from the doist down to the doer that took longest in it; nil unless ``Doist/isProfiling``.
        public let doer: [String]?
    }
}
