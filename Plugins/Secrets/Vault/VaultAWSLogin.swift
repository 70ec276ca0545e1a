import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

extension VaultRun {
    /// What proves an AWS identity to the server: a signed `sts:GetCallerIdentity` that the server sends in our stead
    /// (Vault and OpenBao documentation, "AWS auth method", IAM).
    ///
    /// `VAULT_AUTH_HEADER` is the value of `X-Vault-AWS-IAM-Server-ID`, which binds the proof to one server.
    func awsIdentity() async throws(SecretFailure) -> ValueMap {
        let settings = try AWSSettings(context)
        let credentials = try await AWSCredentialChain(settings: settings, requests: SecretRequests(context))
            .credentials()
        let region = try client.variables["AUTH_REGION"].map(AWSSettings.checkedRegion) ?? "us-east-1"
        // The server's own default is the endpoint without a region, which signs as this one.
        let host =
            client.variables["AUTH_REGION"] == nil
            ? "sts.amazonaws.com" : "sts.\(region).\(AWSSettings.domain(region))"
        let url = "https://\(host)/"
        let body = Array("Action=GetCallerIdentity&Version=2011-06-15".utf8)
        var request = HTTPRequest(
            "POST", try AWSSettings.address(url, "the region"),
            headers: [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")], body: .bytes(body))
        if let server = client.variables["AUTH_HEADER"] { request.set("X-Vault-AWS-IAM-Server-ID", server) }
        SignatureV4(credentials, region: region, service: "sts").sign(&request)
        var headers: ValueMap = ["Host": .list([.string(host)])]
        for (name, value) in request.headers { headers[name] = .list([.string(value)]) }
        var proof: ValueMap = [
            "iam_http_request_method": .string("POST"),
            "iam_request_url": .string(Base64.encode(Array(url.utf8))),
            "iam_request_body": .string(Base64.encode(body)),
            "iam_request_headers": .string(Base64.encode(Array(JSONWriter.text(.map(headers)).utf8))),
        ]
        // Left out, the role is named as the identity.
        if let role = client.variables["AUTH_ROLE"] { proof["role"] = .string(role) }
        return proof
    }
}
