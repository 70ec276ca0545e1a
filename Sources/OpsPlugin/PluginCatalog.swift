public import OpsCore

/// The plugins of this executable, their actions and secret providers by name.
public struct PluginCatalog: Sendable {
    public let plugins: [Plugin]
    /// By full name: `run`, `archive.create`.
    public let actions: [String: any Action]
    /// By scheme: `vault`.
    public let providers: [String: any SecretProvider]

    /// Collects what the plugins bring.
    ///
    /// Throws: an `OpsError` (`invalid`) where two plugins, actions or providers have one name, or an action's
    /// name is neither `run` nor `PLUGIN.ACTION` of its plugin.
    public init(_ plugins: [Plugin]) throws(OpsError) {
        var names: Set<String> = []
        var actions: [String: any Action] = [:]
        var providers: [String: any SecretProvider] = [:]
        for plugin in plugins {
            guard names.insert(plugin.name).inserted else {
                throw OpsError(.invalid, "two plugins are named '\(plugin.name)'")
            }
            for action in plugin.actions {
                let name = action.declaration.name
                let rest = name.hasPrefix(plugin.name + ".") ? name.dropFirst(plugin.name.count + 1) : ""
                guard name == "run" || (!rest.isEmpty && !rest.contains(".")) else {
                    throw OpsError(
                        .invalid, "plugin '\(plugin.name)' has an action named '\(name)'",
                        hint: "name it '\(plugin.name).ACTION'")
                }
                guard actions.updateValue(action, forKey: name) == nil else {
                    throw OpsError(.invalid, "two actions are named '\(name)'")
                }
            }
            for provider in plugin.secretProviders
            where providers.updateValue(provider, forKey: provider.scheme) != nil {
                throw OpsError(.invalid, "two secret providers have the scheme '\(provider.scheme)'")
            }
        }
        self.plugins = plugins
        self.actions = actions
        self.providers = providers
    }

    /// The action of a full name, or nil.
    public func action(named name: String) -> (any Action)? { actions[name] }

    /// The provider of a scheme, or nil.
    public func provider(scheme: String) -> (any SecretProvider)? { providers[scheme] }
}
