/// Calls what needs a time limit with a short one, and where the limit passed too early, as a slow machine has it, with
/// longer ones; gives what the last call gave.
///
/// - Parameter isEnough: whether what had to happen before the limit passed did happen.
package func withLimit<Result>(
    _ attempt: (_ limit: Duration) throws -> Result, isEnough: (Result) throws -> Bool
) throws -> Result {
    for limit in limits {
        let result = try attempt(limit)
        if try isEnough(result) { return result }
    }
    return try attempt(longestLimit)
}

package func withLimit<Result>(
    isolation: isolated (any Actor)? = #isolation, _ attempt: (_ limit: Duration) async throws -> Result,
    isEnough: (Result) throws -> Bool
) async throws -> Result {
    for limit in limits {
        let result = try await attempt(limit)
        if try isEnough(result) { return result }
    }
    return try await attempt(longestLimit)
}

private let limits: [Duration] = [.milliseconds(300), .seconds(3)]
private let longestLimit = Duration.seconds(30)
