import Logging
import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// Where a secret of a plan is declared.
struct SecretOrigin {
    var declaration: SecretDeclaration
    /// The folder of the recipe that declares it: references to files are relative to it.
    var directory: String
    /// The `secret-hosts` of that recipe.
    var hosts: SecretHosts?

    init(_ declaration: SecretDeclaration, of recipe: Recipe) {
        self.declaration = declaration
        directory = recipe.directory
        hosts = recipe.secretHosts
    }
}

extension Planner {
    /// Makes the secret of that name, `token` or `common:token`, part of the plan.
    mutating func planSecret(_ name: String) {
        guard secretValues[name] == nil, let origin = secretOrigins[name] else { return }
        let context = SecretContext(
            directory: origin.directory, environment: request.environment, logger: .init(label: "ops.secrets"),
            hosts: origin.hosts)
        let declaration = origin.declaration
        var presence = SecretPresence.missing
        for (reference, _) in declaration.from {
            let here = catalog.providers[reference.scheme]?.presence(of: reference, context) ?? .unknown
            if here == .missing { continue }
            presence = here
            break
        }
        let secret = PlannedSecret(
            name: name, directory: origin.directory, hosts: origin.hosts, references: declaration.from.map(\.reference),
            isOptional: declaration.isOptional, presence: presence, range: declaration.range)
        secrets[name] = secret
        secretValues[name] = Self.value(of: secret)
    }

    /// The planned secrets in the order in which the recipes declare them.
    var plannedSecrets: [PlannedSecret] { secretOrigins.keys.compactMap { secrets[$0] } }

    /// What expressions see of a secret in a plan: a named secret, null where it is certainly missing, unknown
    /// where an optional one may be.
    private static func value(of secret: PlannedSecret) -> Value {
        switch (secret.isOptional, secret.presence) {
        case (true, .missing): .null
        case (true, .unknown): .unknown(Unknown("secrets.\(secret.name)", type: .optional(.secret)))
        default: .secret(Secret(planned: [secret.name]))
        }
    }
}
