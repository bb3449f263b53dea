import Doing
import Simming
import Tracing
import Wiring

/// A whole exchange that can be run under a seed.
public protocol Scenario {}
