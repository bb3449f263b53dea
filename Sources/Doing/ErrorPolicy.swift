/// What the error of one doer means for the others.
public enum ErrorPolicy: Hashable, Sendable {
    /// Everything ends: the doer aborts and exits, the rest is closed in reverse place order, the first error surfaces.
    /// This is hio's rule.
    case failAll
    /// Only that deed ends, with abort and exit; the error is noted in ``Doist/failures`` and given to
    /// ``Doist/onFailure``.
    case isolate
}
