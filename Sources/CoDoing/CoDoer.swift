import Doing

/// A doer whose work is written as linear async code.
open class CoDoer: Doer {}
