import DemoKit

/// What the program prints with: Swift's own does not notice a full disk.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
    Swift.print(items.map { "\($0)" }.joined(separator: separator), terminator: terminator)
    checkPrinted("hello")
}
