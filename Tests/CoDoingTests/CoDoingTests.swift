import Testing

@testable import CoDoing
