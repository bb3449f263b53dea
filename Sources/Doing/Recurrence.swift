/// What a doer wants after a step.
public enum Recurrence: Hashable, Sendable {
    /// Run again by the doer's tock; a tock of 0 is every pass.
    case again
    /// Leave the doer alone until the tyme has come or it is woken; `.infinity` waits for ``Doer/wake()`` alone.
    ///
    /// A tyme that has come already means the next pass. NaN is a programmer's error.
    case park(until: Tyme)
    /// The doer has reached its end: clean, exit.
    case done
}
