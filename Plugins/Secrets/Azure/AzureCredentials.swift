import Crypto
import Logging
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// How ops logs in to Microsoft Entra ID, in the order of Azure's `DefaultAzureCredential`: a client secret or
/// certificate from the environment, a federated token, the machine's managed identity, the `az` command.
struct AzureCredentials: Sendable {
    /// The names that `AZURE_TOKEN_CREDENTIALS` has for them.
    enum Kind: String, CaseIterable {
        case environment = "EnvironmentCredential"
        case workload = "WorkloadIdentityCredential"
        case managed = "ManagedIdentityCredential"
        case command = "AzureCliCredential"
    }

    let requests: SecretRequests
    /// What the token is for: `https://vault.azure.net`.
    let resource: String

    var context: SecretContext { requests.context }

    /// The access token, asked for once a run.
    func token() async throws(SecretFailure) -> CloudToken {
        let credentials = self
        return try await context.session.token("Azure access token for \(resource)") {
            () async throws(SecretFailure) in try await credentials.login()
        }
    }

    private func kinds() throws(SecretFailure) -> [Kind] {
        switch context.variable("AZURE_TOKEN_CREDENTIALS") {
        case nil: return Kind.allCases
        case let text? where text.lowercased() == "dev": return [.command]
        case let text? where text.lowercased() == "prod": return [.environment, .workload, .managed]
        case let text?:
            guard let kind = Kind.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
                throw SecretFailure(
                    .invalid, "AZURE_TOKEN_CREDENTIALS names '\(text)', which ops does not have",
                    hint: "it is dev, prod or one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return [kind]
        }
    }

    private func login() async throws(SecretFailure) -> CloudToken {
        var absences: [String] = []
        for kind in try kinds() {
            do throws(SecretFailure) {
                let found: CloudToken?
                switch kind {
                case .environment: found = try await fromEnvironment()
                case .workload: found = try await fromFederatedToken()
                case .managed: found = try await fromManagedIdentity()
                case .command: found = try await fromCommand()
                }
                if let found {
                    context.logger.debug("the Azure login is of \(kind.rawValue)")
                    return found
                }
            } catch {
                // What is configured must work; a machine without identity or login is merely another try.
                let isGuess = kind == .command || kind == .managed && context.variable("IDENTITY_ENDPOINT") == nil
                guard isGuess else { throw error }
                absences.append(error.message)
            }
        }
        throw SecretFailure(
            .forbidden,
            (["no Azure credentials: none in the environment"] + absences).joined(separator: "; "),
            hint: "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run: az login")
    }

    /// `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, and `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH`.
    private func fromEnvironment() async throws(SecretFailure) -> CloudToken? {
        let secret = context.variable("AZURE_CLIENT_SECRET")
        let certificate = context.variable("AZURE_CLIENT_CERTIFICATE_PATH")
        guard secret != nil || certificate != nil else { return nil }
        let client = try required("AZURE_CLIENT_ID")
        let endpoint = try tokenEndpoint()
        if let secret {
            return try await ask(endpoint, [("client_id", client), ("client_secret", secret)], "AZURE_CLIENT_SECRET")
        }
        let assertion = try assertion(certificate ?? "", client: client, endpoint: endpoint)
        return try await ask(endpoint, proof(assertion, client), "AZURE_CLIENT_CERTIFICATE_PATH")
    }

    /// `AZURE_FEDERATED_TOKEN_FILE` with `AZURE_TENANT_ID` and `AZURE_CLIENT_ID`: the token of a Kubernetes service
    /// account or a CI job.
    private func fromFederatedToken() async throws(SecretFailure) -> CloudToken? {
        guard let file = context.variable("AZURE_FEDERATED_TOKEN_FILE") else { return nil }
        let client = try required("AZURE_CLIENT_ID")
        let token = try TokenFile.text(file, source: "AZURE_FEDERATED_TOKEN_FILE")
        context.session.mask("federated token", Array(token.utf8))
        return try await ask(try tokenEndpoint(), proof(token, client), "AZURE_FEDERATED_TOKEN_FILE")
    }

    private func required(_ name: String) throws(SecretFailure) -> String {
        guard let value = context.variable(name) else {
            throw SecretFailure(.invalid, "the Azure login in the environment lacks \(name)")
        }
        return value
    }

    private func tokenEndpoint() throws(SecretFailure) -> URLParts {
        let host = context.variable("AZURE_AUTHORITY_HOST") ?? "https://login.microsoftonline.com"
        do {
            return try URLParts(host).appending(try required("AZURE_TENANT_ID"), "oauth2", "v2.0", "token")
        } catch let error as OpsError {
            throw SecretFailure(.invalid, "AZURE_AUTHORITY_HOST cannot be used: \(error.message)", hint: error.hint)
        } catch {
            throw SecretRequests.failure(of: error)
        }
    }

    private func proof(_ assertion: String, _ client: String) -> [(String, String)] {
        [
            ("client_id", client), ("client_assertion", assertion),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ]
    }

    /// The client credentials grant of the Microsoft identity platform, version 2.
    private func ask(
        _ endpoint: URLParts, _ items: [(String, String)], _ what: String
    ) async throws(SecretFailure) -> CloudToken {
        let reply = try await requests.send(
            HTTPRequest(
                "POST", endpoint, headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: SecretRequests.form(
                    [("grant_type", "client_credentials"), ("scope", resource + "/.default")] + items),
                label: "Microsoft Entra ID at \(endpoint.origin)"))
        guard reply.status == 200, let token = CloudToken(reply.json) else {
            throw CloudToken.refusal(reply, of: "the login with \(what) at \(endpoint.origin)")
        }
        return token
    }

    /// What a certificate's key signs for the login (Microsoft identity platform, certificate credentials).
    private func assertion(_ path: String, client: String, endpoint: URLParts) throws(SecretFailure) -> String {
        let source = "'\(path)' of AZURE_CLIENT_CERTIFICATE_PATH"
        let text = try TokenFile.text(path, source: "AZURE_CLIENT_CERTIFICATE_PATH")
        func block(_ isWanted: (Substring) -> Bool) -> String? {
            var lines: [Substring] = []
            for line in text.split(whereSeparator: \.isNewline) {
                if line.hasPrefix("-----BEGIN "), isWanted(line) {
                    lines = [line]
                } else if !lines.isEmpty {
                    lines.append(line)
                    if line.hasPrefix("-----END ") { return lines.joined(separator: "\n") }
                }
            }
            return nil
        }
        guard let key = block({ $0.hasSuffix("PRIVATE KEY-----") }),
            let certificate = block({ $0 == "-----BEGIN CERTIFICATE-----" }),
            let bytes = Base64.decode(
                certificate.split(separator: "\n").dropFirst().dropLast().flatMap { Array($0.utf8) })
        else {
            throw SecretFailure(
                .invalid, "\(source) does not hold a certificate and its key in PEM",
                hint: "a PKCS#12 file is to be converted: openssl pkcs12 -nodes")
        }
        let now = Int(Timestamp.now)
        return try SignedToken.make(
            .PS256,
            header: ["x5t#S256": .string(SignedToken.encoded(Array(SHA256.hash(data: bytes))))],
            claims: [
                "aud": .string(endpoint.text), "iss": .string(client), "sub": .string(client),
                "jti": .string(hexadecimal((0..<16).map { _ in UInt8.random(in: 0...255) })),
                "nbf": .integer(now), "exp": .integer(now + 600),
            ], key: key, source: "the key in \(source)")
    }
}
