package import OpsPlugin

/// Where secrets come from: the environment, files, and Vault or OpenBao.
package enum SecretsPlugin {
    package static let plugin = Plugin(
        name: "secrets", summary: "Fetch secrets from the environment, files, Vault and OpenBao",
        secretProviders: [
            EnvironmentProvider(), FileProvider(), ExecProvider(), CredentialProvider(), PassProvider(),
            KeyringProvider(), OnePasswordProvider(), KubernetesProvider(), VaultProvider(), SecretsManagerProvider(),
            ParameterStoreProvider(), GoogleSecretManagerProvider(), KeyVaultProvider(),
        ])
}
