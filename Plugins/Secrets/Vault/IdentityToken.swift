import OpsCore
import OpsHTTP
import OpsPlugin

/// The signed statement of who runs (a JWT) that a CI system gives its jobs.
enum IdentityToken {
    /// True where there is one to be had.
    static func isOffered(_ variables: VaultVariables) -> Bool {
        variables["ID_TOKEN"] != nil || variables["ID_TOKEN_FILE"] != nil
            || variables.plain("ACTIONS_ID_TOKEN_REQUEST_URL") != nil
    }

    /// The one in `VAULT_ID_TOKEN` (GitLab's `id_tokens`), in the file that `VAULT_ID_TOKEN_FILE` names, or that
    /// the service of GitHub and Forgejo gives for the audience `VAULT_AUTH_AUDIENCE`.
    ///
    /// The service's address is the CI system's own, and gets only what was given for it: 'secret-hosts' does not
    /// limit it.
    static func fetch(_ client: VaultClient, _ session: SecretSession) async throws(SecretFailure) -> String {
        let variables = client.variables
        if let text = try variables.text("ID_TOKEN") { return text }
        guard let url = variables.plain("ACTIONS_ID_TOKEN_REQUEST_URL"),
            let bearer = variables.plain("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        else {
            throw SecretFailure(
                .forbidden, "there is no token that says who runs",
                hint: "GitHub and Forgejo give one with the permission 'id-token: write', "
                    + "GitLab with 'id_tokens: { VAULT_ID_TOKEN: { aud: … } }'; VAULT_ID_TOKEN_FILE names a file")
        }
        session.mask("ACTIONS_ID_TOKEN_REQUEST_TOKEN", Array(bearer.utf8))
        let name = "the CI system's token service"
        do {
            let audience = variables["AUTH_AUDIENCE"].map { [("audience", $0)] } ?? []
            let request = HTTPRequest(
                "GET", try URLParts(url).adding(query: audience),
                headers: [("Authorization", "Bearer " + bearer), ("Accept", "application/json")], redirects: .none,
                label: name)
            let response = try await HTTPService.make(HTTPConfiguration { variables.plain($0) }).send(
                request, retry: RetryPolicy(attempts: 3, delay: client.pace.retryDelay), logger: client.logger)
            let bytes = try await response.collect(limit: 1 << 20)
            guard response.isSuccess, let token = try? JSONReader.value(bytes)["value"]?.stringValue, !token.isEmpty
            else {
                let isRefused = [401, 403].contains(response.status)
                throw SecretFailure(
                    isRefused ? .forbidden : .unreachable, "\(name) gave no token (\(response.status))",
                    hint: "the job needs the permission 'id-token: write'")
            }
            return token
        } catch let failure as SecretFailure {
            throw failure
        } catch {
            throw SecretFailure(.unreachable, "\(name) cannot be asked: \(OpsError.text(of: error))")
        }
    }
}
