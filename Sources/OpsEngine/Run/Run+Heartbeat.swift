import OpsCore
import OpsRecipe

extension Run {
    /// The URL of the recipe's heartbeat with its secrets in it, which are fetched for it and masked from then on.
    ///
    /// Throws: an `OpsError` or `DiagnosticsError` where it is not to be had.
    package func heartbeatURL() async throws -> String? {
        guard let heartbeat = plan.heartbeat else { return nil }
        // By itself: no step waits for the secrets of a heartbeat.
        let (store, names) = (secrets, Set(heartbeat.secrets))
        let found = await store.fetch(store.missing(names), secretMeans)
        secrets.add(found)
        reportWeakSecrets()
        try secrets.refuse(names)
        if let problem = found.interrupted.first { throw DiagnosticsError([problem]) }
        let value = try heartbeat.template.evaluate(in: runScope())
        if case .secret(let secret) = value { return secret.reveal().map { String(decoding: $0, as: UTF8.self) } }
        return value.scalarText
    }

    /// A warning that belongs to no step.
    package func warn(_ text: String) { message(.warning, text, step: nil) }
}
