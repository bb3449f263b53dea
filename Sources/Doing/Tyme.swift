/// Artificial time in seconds, a plain IEEE double.
///
/// A ``Tymist`` advances it by its tock with ordinary additions, so that schedules come out bit for bit as in hio.
/// Start tymes near zero are best: a tyme of 1.7e9 (a date) resolves only 0.24 µs.
///
/// - Source: hio `base/tyming.py`.
public typealias Tyme = Double
