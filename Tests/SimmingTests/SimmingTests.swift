import Testing

@testable import Simming
