extension Doer {
    /// Adds doers to the scheduler that runs this one and enters them at once; see ``Doist/extend(_:)``, which has the
    /// same rules.
    ///
    /// - Throws: ``ScheduleError/notEntered(scheduler:)`` unless this doer is scheduled; else as ``Doist/extend(_:)``.
    public final func spawn(_ doers: [Doer]) throws {
        guard let deck = deed.pointee.owner else { throw ScheduleError.notEntered(scheduler: name) }
        try deck.extend(doers)
    }
}
