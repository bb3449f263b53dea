import Doing

/// Runs two pieces side by side in the loop of the doer, and waits for both.
///
/// ```swift
/// let (left, right) = try await together {
///     try await first.next()
/// } _: {
///     try await second.next()
/// }
/// ```
/// Both see what their doer sees, though it is not Sendable: they take turns on one thread. When one throws, the other
/// is cancelled; its error surfaces when both have ended.
///
/// - Throws: the error of the one that threw first.
public nonisolated(nonsending) func together<First, Second>(
    _ first: nonisolated(nonsending) @escaping () async throws -> First,
    _ second: nonisolated(nonsending) @escaping () async throws -> Second
) async throws -> (First, Second) {
    let (left, right) = (Box<First>(), Box<Second>())
    try await together([
        { left.result = .success(try await first()) },
        { right.result = .success(try await second()) },
    ])
    return (try left.result!.get(), try right.result!.get())
}

/// Runs any number of pieces side by side in the loop of the doer, in order from the first, and waits for all.
///
/// - Returns: what they answered, in order of the pieces.
/// - Throws: the error of the one that threw first; the others were cancelled then.
@discardableResult
public nonisolated(nonsending) func together<Result>(
    _ pieces: [nonisolated(nonsending) () async throws -> Result]
) async throws -> [Result] {
    try await withChildren(returning: (Int, Result).self) { children in
        for (index, piece) in pieces.enumerated() { children.fork { (index, try await piece()) } }
        var results = [Result?](repeating: nil, count: pieces.count)
        while let (index, result) = try await children.next() { results[index] = result }
        return results.map { $0! }
    }
}

/// Carries what need not be Sendable from a child task to its parent in the same loop.
final class Box<Value>: @unchecked Sendable {
    var result: Result<Value, any Error>?
}
