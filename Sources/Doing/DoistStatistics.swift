/// What a doist has counted since it was made.
///
/// Reading it changes nothing that a doer can see.
public struct DoistStatistics: Hashable, Sendable {
    /// Passes that ended with a tick, or were left by an error.
    public internal(set) var passes: UInt64 = 0
    /// Passes between ticks, for woken doers only; real time only.
    public internal(set) var extraPasses: UInt64 = 0
    /// Ticks for which no pass was made because nothing was due.
    public internal(set) var skippedTicks: UInt64 = 0
    /// Passes that began more than a tock after their time; real time only.
    public internal(set) var lateTicks: UInt64 = 0
    /// How often the clock was more than ``Doist/longestLag`` ahead of what was due, so that tyme was held back.
    public internal(set) var clockShifts: UInt64 = 0
    /// Seconds by which tyme was held back in all.
    public internal(set) var shiftedSeconds = 0.0
    /// Passes longer than ``Doist/slowPassTocks`` tocks; real time only.
    public internal(set) var slowPasses: UInt64 = 0
    /// The longest pass in seconds; real time only.
    public internal(set) var longestPass = 0.0
    /// The longest single recur in seconds and whose it was; only while ``Doist/isProfiling``.
    public internal(set) var longestRecur = 0.0
    /// Names from the doist down to the doer of ``longestRecur``.
    public internal(set) var slowestDoer: [String] = []
    /// Ticks that spent all extra passes they were allowed, so that woken doers waited for the next one.
    public internal(set) var spentTicks: UInt64 = 0
}
