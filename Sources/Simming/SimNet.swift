import Doing
import Tracing
import Wiring

/// A simulated network of hosts and links.
public final class SimNet: Doer {}
