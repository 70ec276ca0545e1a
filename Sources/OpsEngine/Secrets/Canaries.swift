package import OpsCore
package import OpsPlugin
import Synchronization

/// Values that stand in for secrets: each reference has one of its own, and it is nobody's secret.
package final class Canaries: Sendable {
    private let values = Mutex<[SecretReference: [UInt8]]>([:])

    package init() {}

    /// The value for a reference: always the same, unlike any other, and like nothing that was there before.
    package func value(for reference: SecretReference) -> [UInt8] {
        values.withLock { values in
            if let known = values[reference] { return known }
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
            let random = (0..<26).map { _ in letters[Int.random(in: letters.indices)] }
            let value = Array("canary".utf8) + random
            values[reference] = value
            return value
        }
    }

    /// The plugins with canaries in place of what their providers fetch.
    ///
    /// Throws: an `OpsError` where the plugins do not fit together.
    package func replacing(_ catalog: PluginCatalog) throws(OpsError) -> PluginCatalog {
        try PluginCatalog(
            catalog.plugins.map { plugin in
                Plugin(
                    name: plugin.name, summary: plugin.summary, actions: plugin.actions,
                    secretProviders: plugin.secretProviders.map { CanaryProvider(real: $0, canaries: self) })
            })
    }
}

/// Has the form of a provider, and asks nobody.
private struct CanaryProvider: SecretProvider {
    let real: any SecretProvider
    let canaries: Canaries

    var scheme: String { real.scheme }
    var summary: String { real.summary }
    var example: String { real.example }

    func check(_ reference: SecretReference) throws(OpsError) { try real.check(reference) }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .present }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        references.map { .success(canaries.value(for: $0)) }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        .success(SecretProbe("a canary"))
    }
}
