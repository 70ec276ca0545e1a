/// What a token is to allow, in the token service's words: `repository:team/app:pull,push`
/// (distribution, "Token Scope Documentation").
package struct RegistryScope: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package let repository: RepositoryName

    package static func pull(_ repository: RepositoryName) -> RegistryScope {
        RegistryScope(description: "repository:\(repository):pull", repository: repository)
    }

    package static func push(_ repository: RepositoryName) -> RegistryScope {
        RegistryScope(description: "repository:\(repository):pull,push", repository: repository)
    }
}
