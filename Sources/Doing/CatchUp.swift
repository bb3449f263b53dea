/// How a doer with a tock of its own catches up when it fell behind by more than one tock.
public enum CatchUp: UInt8, Hashable, Sendable {
    /// One run per pass until all missed runs are made up, as hio.
    case burst
    /// The missed runs are left out; the next one is the first that lies ahead on the same grid.
    case skip
}
