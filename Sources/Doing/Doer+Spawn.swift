extension Doer {
    /// Adds doers to the scheduler that runs this one and enters them at once; see ``Doist/extend(_:keeps:)``, which
    /// has the same rules. When one of them ends, the scheduler lets it go.
    ///
    /// - Throws: ``ScheduleError/notEntered(scheduler:)`` unless this doer is scheduled; else as
    ///   ``Doist/extend(_:keeps:)``.
    public final func spawn(_ doers: [Doer]) throws {
        guard let deck = deed.pointee.owner else { throw ScheduleError.notEntered(scheduler: name) }
        try deck.extend(doers, keeps: false)
    }

    /// The same for one doer.
    public final func spawn(_ doer: Doer) throws { try spawn([doer]) }
}
