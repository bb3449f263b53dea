import CSockets
import Doing
import Wiring

/// A Unix path that takes stream connections.
///
/// Its file is as safe as that of a ``UXDPeer``: in a directory that nobody else can write to, for the owner alone by
/// default, taken over from a dead listener only, and removed on close only while it is still ours. When the process
/// runs out of descriptors it behaves as ``TCPListener`` does.
///
/// A listener is an object with one socket behind it, which is closed with the last reference at the latest. It belongs
/// to the thread of its doist.
public final class UnixListener {
    /// What the listener is called, in errors and reports.
    public let name: String
    /// Where it is to stand.
    public let place: UXDPath
    /// Permission bits of the file: who may connect.
    public let mode: UInt32
    /// What every connection is asked for.
    public let options: StreamOptions
    /// Connections that the system keeps until they are taken.
    public let backlog: Int
    /// Where it stands while open.
    public var path: String? { file?.path }
    /// The address of ``path`` while open, and of the last one afterwards; `Address.none` before.
    public private(set) var address = Address.none

    private(set) var engine = AcceptEngine(SystemStreamCalls())
    private var file: UXDFile?

    /// A listener at `place`, not yet open.
    ///
    /// - Parameters:
    ///   - place: a path of your own, one derived from a name, or a temporary one.
    ///   - name: what it is called.
    ///   - mode: permission bits of the file, 0...0o777; the owner alone by default.
    ///   - backlog: connections that the system keeps until they are taken.
    ///   - options: what every connection is asked for.
    /// - Throws: `TransportError` for a value out of range.
    public init(
        at place: UXDPath, name: String = "main", mode: UInt32 = 0o600, backlog: Int = TCPListener.backlog,
        options: StreamOptions = StreamOptions()
    ) throws(TransportError) {
        guard mode <= 0o777 else {
            throw .badValue(name: "mode", value: String(mode, radix: 8), allowed: "0...777 octal")
        }
        guard (1...65_535).contains(backlog) else {
            throw .badValue(name: "backlog", value: "\(backlog)", allowed: "1...65535")
        }
        try options.check()
        self.place = place
        self.name = name
        self.mode = mode
        self.options = options
        self.backlog = backlog
    }

    deinit { close() }

    /// True while it listens.
    public var isOpen: Bool { engine.descriptor >= 0 }

    /// The socket, for host loops to watch; nil while closed. Do not close it.
    public var descriptor: Int32? { isOpen ? engine.descriptor : nil }

    /// What it has seen since it was made.
    public var statistics: ListenerStatistics { engine.statistics }

    /// Opens, binds and listens. Open already: does nothing.
    ///
    /// - Throws: `TransportError`, for instance with EADDRINUSE when another listener lives there; nothing is left open
    ///   and no file behind.
    public func open() throws(TransportError) { try open(at: place) }

    func open(at place: UXDPath) throws(TransportError) {
        if isOpen { return }
        let subject = "Unix listener \(name) at \(place)"
        let made = csk_stream_socket(Int32(CSK_UNIX))
        guard made >= 0 else { throw .failed("socket", made, subject) }
        do throws(TransportError) {
            let file = try UXDFile(binding: made, at: place, mode: mode)
            do throws(TransportError) { try listen(made, file, subject) } catch {
                file.remove()
                throw error
            }
        } catch {
            _ = csk_close(made)
            throw error
        }
        engine.descriptor = made
    }

    private func listen(_ made: Int32, _ file: UXDFile, _ subject: String) throws(TransportError) {
        let result = csk_listen(made, Int32(backlog))
        guard result >= 0 else { throw .failed("listen", result, subject) }
        guard let address = UXDNames.pin(file.path) else {
            throw .badValue(name: "path", value: file.path, allowed: "no more than 8192 named paths a process")
        }
        self.file = file
        self.address = address
    }

    /// Closes and removes the file if it is still ours. Connections that were taken live on. Not open: does nothing.
    public func close() { close(unlink: true) }

    /// Closes; with `unlink` false the file stays, as a dead one that the next listener takes over.
    public func close(unlink: Bool) {
        guard isOpen else { return }
        if unlink { file?.remove() }
        _ = csk_close(engine.descriptor)
        engine.descriptor = -1
        file = nil
        UXDNames.unpin(address)
    }

    /// When it looks again after the descriptors ran out; nil while all is well.
    public var wakeTyme: Tyme? { engine.retryTyme }

    /// The next connection, or nil if none waits or none can be taken now.
    ///
    /// - Throws: `TransportError` only if this is no listener any more.
    public func accept(at tyme: Tyme) throws(TransportError) -> UnixStream? {
        let subject = "Unix listener \(name) at \(path ?? "\(place)")"
        guard isOpen else { throw .notOpen(subject: subject) }
        while true {
            let taken: (descriptor: Int32, from: Address)?
            do throws(Broken) { taken = try engine.accept(at: tyme) } catch {
                throw .failed(error.call, -error.code, subject)
            }
            guard let taken else { return nil }
            if options.apply(to: taken.descriptor, isTCP: false) >= 0 {
                return UnixStream(taken: taken.descriptor, name: name, options: options)
            }
            engine.pass(taken.descriptor)
        }
    }
}

extension UnixListener: StreamListener {
    /// The socket while open, but not while it waits for descriptors: then a poller would tell of it without end.
    public var readiness: Readiness {
        guard isOpen else { return .polled }
        return wakeTyme == nil ? .descriptor(engine.descriptor) : .wakes
    }

    /// Opens, at a temporary path if the doer's `isTemp` says so and the place is a derived one.
    public func open(for doer: Doer?) throws(TransportError) {
        try open(at: doer?.isTemp == true ? place.asTemporary : place)
    }
}
