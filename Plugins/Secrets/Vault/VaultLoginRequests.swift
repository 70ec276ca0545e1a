import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Logins: each gives a token for what the caller can prove.
extension VaultRun {
    /// A token of the method that the variables choose.
    func logIn() async throws(SecretFailure) -> VaultToken {
        let variables = client.variables
        let login = try VaultLogin(variables, isAgent: client.settings.isAgent)
        switch login.method {
        case .agent: return VaultToken()
        case .token: return try await givenToken()
        case .approle:
            let role = try required("ROLE_ID", "approle")
            var body: ValueMap = ["role_id": .string(role)]
            // A role may be set to ask for none.
            if let secret = try await secretID(login.mount) { body["secret_id"] = .string(secret) }
            return try await send(login, "login", body)
        case .userpass, .ldap:
            let user = try required("USERNAME", login.method.rawValue)
            guard let password = try variables.text("PASSWORD") else {
                throw missing("PASSWORD", login.method.rawValue)
            }
            session.mask("the password of \(user)", Array(password.utf8))
            guard !user.contains("/"), user != ".." else {
                throw SecretFailure(.invalid, "\(variables.name("USERNAME")) holds a slash")
            }
            return try await send(login, "login/" + user, ["password": .string(password)])
        case .jwt:
            let token = try await IdentityToken.fetch(client, session)
            return try await send(login, token: token, role: variables["AUTH_ROLE"])
        case .kubernetes:
            let path = variables["ID_TOKEN_FILE"] ?? VaultLogin.serviceAccountFile
            // Read anew at each login, because the kubelet replaces it.
            guard let token = VaultVariables.trimmed(try VaultVariables.read(path, "the service account"))
            else { throw SecretFailure(.invalid, "the service account's token '\(path)' is empty") }
            return try await send(login, token: token, role: try required("AUTH_ROLE", "kubernetes"))
        case .aws: return try await send(login, "login", try await awsIdentity())
        case .cert:
            guard client.settings.configuration.clientCertificate != nil else {
                throw missing("CLIENT_CERT", "cert")
            }
            return try await send(login, "login", variables["AUTH_ROLE"].map { ["name": .string($0)] } ?? [:])
        }
    }

    /// The token of `VAULT_TOKEN`, of what `VAULT_WRAPPED_TOKEN` holds, or of the file.
    private func givenToken() async throws(SecretFailure) -> VaultToken {
        let variables = client.variables
        if let text = variables["TOKEN"] {
            session.mask(variables.name("TOKEN"), Array(text.utf8))
            return VaultToken(text: text)
        }
        if variables["WRAPPED_TOKEN"] != nil {
            let body = try await unwrappedLogin("WRAPPED_TOKEN") { path in
                path == "auth/token/create" || path.hasPrefix("auth/token/create/")
                    || path == "auth/token/create-orphan" || path.hasPrefix("auth/") && path.hasSuffix("/login")
            }
            // Nobody else holds it, so it ends with the run.
            return try token(in: body, "what \(variables.name("WRAPPED_TOKEN")) wraps")
        }
        guard let text = VaultLogin.tokenFile(variables) else {
            throw SecretFailure(
                .forbidden, "there is no Vault token",
                hint: "set VAULT_TOKEN, or log in with the vault command, which writes ~/.vault-token")
        }
        session.mask("the Vault token", Array(text.utf8))
        return VaultToken(text: text)
    }

    private func secretID(_ mount: String) async throws(SecretFailure) -> String? {
        let variables = client.variables
        var secret = try variables.text("SECRET_ID")
        if secret == nil, variables["WRAPPED_SECRET_ID"] != nil {
            let body = try await unwrappedLogin("WRAPPED_SECRET_ID") { path in
                path.hasPrefix("auth/\(mount)/role/") && path.hasSuffix("secret-id")
            }
            secret = body["data"]?["secret_id"]?.stringValue
            guard secret != nil else {
                throw SecretFailure(.invalid, "what \(variables.name("WRAPPED_SECRET_ID")) wraps holds no secret_id")
            }
        }
        if let secret { session.mask("the AppRole secret_id", Array(secret.utf8)) }
        return secret
    }

    private func required(_ name: String, _ method: String) throws(SecretFailure) -> String {
        guard let value = client.variables[name] else { throw missing(name, method) }
        return value
    }

    private func missing(_ name: String, _ method: String) -> SecretFailure {
        SecretFailure(.invalid, "VAULT_\(name) is not set, which the login '\(method)' needs")
    }

    private func send(
        _ login: VaultLogin, token: String, role: String?
    ) async throws(SecretFailure) -> VaultToken {
        session.mask("the identity token", Array(token.utf8))
        var body: ValueMap = ["jwt": .string(token)]
        // Left out, the method's default role is meant.
        if let role { body["role"] = .string(role) }
        return try await send(login, "login", body)
    }

    private func send(_ login: VaultLogin, _ path: String, _ body: ValueMap) async throws(SecretFailure) -> VaultToken {
        let purpose = "the login '\(login.method.rawValue)' at 'auth/\(login.mount)'"
        let request = VaultRequest(
            method: "POST", path: "auth/\(login.mount)/\(path)", body: .map(body),
            namespace: client.variables["AUTH_NAMESPACE"], isPrivate: true, purpose: purpose)
        let reply = try await client.send(request, token: nil)
        // Wrong proof is answered with 400 as well as with 403.
        if [400, 401, 403].contains(reply.status) {
            throw SecretFailure(
                .forbidden, "Vault at \(client.name) refuses \(purpose)\(reply.said.isEmpty ? "" : ": \(reply.said)")",
                hint: "see the role's settings: audience and bound claims, remaining uses, permitted addresses")
        }
        let body = try await client.understood(reply, purpose).body
        if reply.status == 404 {
            throw SecretFailure(
                .invalid, "there is no login method at 'auth/\(login.mount)' in Vault at \(client.name)",
                hint: "VAULT_AUTH_PATH names where it is mounted")
        }
        if body["auth"]?["mfa_requirement"]?.mapValue != nil {
            throw SecretFailure(
                .forbidden, "\(purpose) asks for a second factor in a step of its own, which a run cannot give",
                hint: "use a role for machines, without it")
        }
        return try token(in: body, purpose)
    }

    /// The token of a login's answer, masked.
    private func token(in body: Value, _ what: String) throws(SecretFailure) -> VaultToken {
        guard let auth = body["auth"], let text = auth["client_token"]?.stringValue, !text.isEmpty else {
            throw SecretFailure(.invalid, "\(what) gave no token")
        }
        session.mask("the Vault token", Array(text.utf8))
        let accessor = auth["accessor"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        return VaultToken(
            text: text, accessor: auth["token_type"]?.stringValue == "batch" ? nil : accessor, isOurs: true,
            duration: auth["lease_duration"]?.integerValue ?? 0, isRenewable: auth["renewable"]?.booleanValue ?? false)
    }
}
