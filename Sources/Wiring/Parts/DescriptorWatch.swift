import Doing

/// What the poller was told to watch for a doer. Only a change costs a call.
///
/// Whoever drives a descriptor keeps one, says after each pass what it waits for, and ends it before the descriptor is
/// closed. Stepped by hand without a pace nothing is watched and ``isOn`` stays false: the owner then looks every tick.
/// In a run without a pace that would be without end, and is an error.
@usableFromInline package struct DescriptorWatch {
    @usableFromInline package internal(set) var descriptor: Int32?
    @usableFromInline package internal(set) var isWritable = false

    @usableFromInline package init() {}

    /// Whether the poller watches.
    @inlinable package var isOn: Bool { descriptor != nil }

    /// Watches `descriptor`, and whether it is writable, too; nil watches nothing.
    ///
    /// While it waits for room the poller tells of changes only (edges), so that input that is not wanted does not
    /// spin.
    ///
    /// - Throws: what the pace throws; `ScheduleError.needsPace` in a run without one.
    @usableFromInline package mutating func set(_ descriptor: Int32?, writable: Bool = false, for doer: Doer) throws {
        guard let pace = doer.doist?.pace else {
            if descriptor != nil, let doist = doer.doist, doist.isRunningWithoutPace {
                throw ScheduleError.needsPace(doer: doer.name, scheduler: doist.name)
            }
            return (self.descriptor, isWritable) = (nil, false)
        }
        if descriptor != self.descriptor {
            if let old = self.descriptor { pace.unwatch(old) }
            (self.descriptor, isWritable) = (nil, false)
            guard let descriptor else { return }
            try pace.watch(descriptor, doer)
            self.descriptor = descriptor
        }
        guard let descriptor, writable != isWritable else { return }
        try pace.watchWritable(descriptor, writable)
        isWritable = writable
    }

    /// Ends the watch.
    @usableFromInline package mutating func end(for doer: Doer) {
        if let descriptor { doer.doist?.pace?.unwatch(descriptor) }
        (descriptor, isWritable) = (nil, false)
    }
}
