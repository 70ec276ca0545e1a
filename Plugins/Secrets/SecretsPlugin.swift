package import OpsPlugin

/// Where secrets come from: this machine, its programs and files, and the servers that keep them.
package enum SecretsPlugin {
    /// Variables that are for ops alone: no step gets them.
    package static let ownVariables = [AgeIdentitySources.passphraseVariable]

    package static let plugin = Plugin(
        name: "secrets",
        summary: "Fetch secrets from files, programs, Vault and OpenBao, clouds, 1Password, Kubernetes, age and sops",
        secretProviders: [
            EnvironmentProvider(), FileProvider(), ExecProvider(), CredentialProvider(), PassProvider(),
            KeyringProvider(), AgeProvider(), SopsProvider(), VaultProvider(), SecretsManagerProvider(),
            ParameterStoreProvider(), GoogleSecretManagerProvider(), KeyVaultProvider(), OnePasswordProvider(),
            KubernetesProvider(),
        ])
}
