import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem

/// Logins that the machine or its user already has.
extension AzureCredentials {
    /// The managed identity of App Service and Container Apps (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`), else of a
    /// virtual machine or cluster, by its metadata service; `AZURE_CLIENT_ID` chooses one of several.
    func fromManagedIdentity() async throws(SecretFailure) -> CloudToken? {
        var query = [("resource", resource)]
        if let client = context.variable("AZURE_CLIENT_ID") { query.append(("client_id", client)) }
        let request: HTTPRequest
        if let endpoint = context.variable("IDENTITY_ENDPOINT") {
            guard let header = context.variable("IDENTITY_HEADER") else {
                throw SecretFailure(
                    .invalid, "IDENTITY_ENDPOINT is set without IDENTITY_HEADER: Azure Arc's identity is not supported",
                    hint: "use a client secret or a federated token")
            }
            context.session.mask("IDENTITY_HEADER", Array(header.utf8))
            let url = try address(endpoint, "IDENTITY_ENDPOINT")
            request = HTTPRequest(
                "GET", url.adding(query: [("api-version", "2019-08-01")] + query),
                headers: [("X-IDENTITY-HEADER", header)],
                label: "the managed identity at \(url.origin)")
        } else {
            let host = context.variable("AZURE_POD_IDENTITY_AUTHORITY_HOST") ?? "http://169.254.169.254"
            let url = try address(host, "AZURE_POD_IDENTITY_AUTHORITY_HOST")
            request = HTTPRequest(
                "GET",
                url.appending("metadata", "identity", "oauth2", "token")
                    .adding(query: [("api-version", "2018-02-01")] + query),
                headers: [("Metadata", "true")], label: "the Azure metadata service at \(url.origin)")
        }
        let reply = try await requests.send(request, to: .metadata)
        guard reply.status == 200, let token = CloudToken(reply.json) else {
            throw CloudToken.refusal(reply, of: "a token of \(request.name)", hint: "has the machine this identity?")
        }
        return token
    }

    private func address(_ text: String, _ variable: String) throws(SecretFailure) -> URLParts {
        do {
            return try URLParts(text)
        } catch {
            throw SecretFailure(.invalid, "\(variable) cannot be used: \(error.message)", hint: error.hint)
        }
    }

    /// `az account get-access-token`: who logged in by `az login`.
    func fromCommand() async throws(SecretFailure) -> CloudToken {
        var command = ["az", "account", "get-access-token", "--output", "json", "--resource", resource]
        if let tenant = context.variable("AZURE_TENANT_ID") { command += ["--tenant", tenant] }
        let result = try await ProgramOutput.run(command, context, timeout: .seconds(30))
        guard result.status.isSuccess else {
            let isLoggedOut = result.errorText.contains("az login")
            throw SecretFailure(
                .forbidden, "'az account get-access-token' ended with \(result.status)",
                hint: isLoggedOut ? "run: az login" : "run it by hand to see what it prints")
        }
        guard let value = try? JSONReader.value(result.output), let text = value["accessToken"]?.stringValue else {
            throw SecretFailure(.invalid, "'az account get-access-token' did not print a token in JSON")
        }
        return CloudToken(text, expires: value["expires_on"]?.scalarText.flatMap { Double($0) })
    }
}
