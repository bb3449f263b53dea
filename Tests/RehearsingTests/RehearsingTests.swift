import Testing

@testable import Rehearsing
