import Wiring

extension SimHost {
    /// The address of one of its ports, whether anybody is there or not.
    public func address(port: UInt16) -> Address { .host(UInt64(number), port: port) }
}
