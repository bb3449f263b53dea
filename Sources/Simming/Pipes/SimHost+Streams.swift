import Wiring

extension SimHost {
    /// A stream to a port of some host. It connects when it is opened, from a port of its own, 49152 or above.
    ///
    /// - Parameters:
    ///   - address: where a listener is, or not.
    ///   - pipe: what this end does.
    public func stream(to address: Address, pipe: SimPipe = SimPipe()) -> SimStream {
        SimStream(host: self, to: address, pipe: pipe)
    }

    /// A listener of this host. It takes its port when it is opened. Streams and datagrams have ports of their own.
    ///
    /// - Parameters:
    ///   - port: its port.
    ///   - backlog: connections that wait to be taken at most; at least 1.
    ///   - pipe: what this host's end of each connection does.
    public func listener(
        port: UInt16, backlog: Int = SimListener.defaultBacklog, pipe: SimPipe = SimPipe()
    ) -> SimListener {
        SimListener(host: self, port: port, backlog: backlog, pipe: pipe)
    }
}
