import HTTPTestServer
import OpsCore

/// Its logins and what is asked without a token, and what tokens do with themselves.
extension VaultDouble {
    /// The answer to what needs no token; nil for all else.
    static func open(_ path: String, _ request: ServedRequest, _ state: inout State) -> Answer? {
        let body = (try? JSONReader.value(request.body)) ?? .null
        func said(_ name: String) -> String? { body[name]?.stringValue }
        if path == "sys/health" { return .json(429, #"{"initialized":true,"sealed":false,"standby":true}"#) }
        if path.hasPrefix("sys/wrapping/") { return wrapping(path, said("token"), request, &state) }
        guard path.hasPrefix("auth/"), path.contains("/login") else { return nil }
        let isRight: Bool
        let problem: String
        switch path {
        case "auth/approle/login":
            isRight = said("role_id") == "role-1" && said("secret_id") == "secret-id-s3cret"
            problem = "invalid role or secret ID"
        case "auth/userpass/login/bob", "auth/ldap/login/bob":
            isRight = said("password") == "password-s3cret"
            problem = "invalid username or password, not \(said("password") ?? "")"
        case "auth/jwt/login", "auth/team/ci/login":
            isRight = said("role") == "ci" && said("jwt") == "jwt-s3cret"
            problem = "error validating token: invalid audience (aud) claim"
        case "auth/kubernetes/login":
            isRight = said("role") == "ci" && said("jwt")?.hasPrefix("pod-s3cret") == true
            problem = "permission denied"
        case "auth/cert/login":
            isRight = said("name") == "ci"
            problem = "invalid certificate or no client certificate supplied"
        case "auth/aws/login":
            isRight = isCallerIdentity(body)
            problem = "error making upstream request: received error code 403 from STS"
        case "auth/second/login":
            return .json(200, #"{"auth":{"client_token":"","mfa_requirement":{"mfa_request_id":"m-1"}}}"#)
        default: return .json(404, #"{"errors":["no handler for route \"\#(path)\". route entry not found."]}"#)
        }
        guard isRight else {
            return .json(path == "auth/kubernetes/login" ? 403 : 400, #"{"errors":["\#(problem)"]}"#)
        }
        return .json(200, #"{"lease_id":"","data":null,"auth":\#(state.makeLogin())}"#)
    }

    /// What a server of the AWS method checks before it sends the signed request on.
    private static func isCallerIdentity(_ body: Value) -> Bool {
        func decoded(_ name: String) -> String? {
            body[name]?.stringValue.flatMap { Base64.decode(Array($0.utf8)) }.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        guard body["iam_http_request_method"]?.stringValue == "POST", body["role"]?.stringValue == "ci",
            let url = decoded("iam_request_url"),
            decoded("iam_request_body") == "Action=GetCallerIdentity&Version=2011-06-15",
            let headers = decoded("iam_request_headers").flatMap({ try? JSONReader.value($0) })
        else { return false }
        func header(_ name: String) -> String { headers[name]?.listValue?.first?.stringValue ?? "" }
        return "https://\(header("Host"))/" == url && header("X-Vault-AWS-IAM-Server-ID") == "vault.example"
            && header("Authorization").contains("SignedHeaders=content-type;host;x-amz-date;x-vault-aws-iam-server-id")
    }

    /// What a token asks about itself or others.
    static func tokens(
        _ path: String, _ request: ServedRequest, _ token: String, _ state: inout State
    ) -> Answer? {
        let body = (try? JSONReader.value(request.body)) ?? .null
        switch path {
        case "auth/token/renew-self":
            if state.manner.failingRenewals > 0 {
                state.manner.failingRenewals -= 1
                return .json(500, #"{"errors":["internal error"]}"#)
            }
            return .json(200, #"{"auth":{"lease_duration":\#(state.manner.loginDuration),"renewable":true}}"#)
        case "auth/token/revoke-self":
            state.end(token)
            return .response(204)
        case "auth/token/revoke-accessor":
            guard token != "narrow-s3cret" else { return nil }
            let accessor = body["accessor"]?.stringValue
            guard let found = state.tokens.first(where: { $0.value.accessor == accessor && !$0.value.isDead })?.key
            else {
                return .json(400, #"{"errors":["1 error occurred:\n\t* invalid accessor\n\n"]}"#)
            }
            state.end(found)
            return .response(204)
        case "auth/token/create":
            guard token != "narrow-s3cret" else { return nil }
            return .json(200, #"{"data":null,"auth":\#(state.makeLogin(parent: token))}"#)
        default: return nil
        }
    }
}

extension VaultDouble.State {
    /// The `auth` member of a login's answer.
    mutating func makeLogin(parent: String? = nil) -> String {
        made += 1
        let accessor = manner.isLoginBatch ? nil : "login-accessor-\(made)"
        tokens["login-s3cret-\(made)"] = VaultDouble.Token(accessor: accessor, uses: manner.uses, parent: parent)
        manner.uses = nil
        return #"{"client_token":"login-s3cret-\#(made)","accessor":"\#(accessor ?? "")","lease_duration":"#
            + #"\#(manner.loginDuration),"renewable":\#(manner.isLoginRenewable),"#
            + #""token_type":"\#(manner.isLoginBatch ? "batch" : "service")"}"#
    }

    /// The end of a token is that of its leases and of the tokens that it made.
    mutating func end(_ token: String) {
        tokens[token]?.isDead = true
        for id in leases.keys where leases[id]?.token == token { leases[id]?.isRevoked = true }
        for child in tokens.keys where tokens[child]?.parent == token && tokens[child]?.isDead == false { end(child) }
    }

    mutating func wrap(_ path: String, _ body: String) -> String {
        made += 1
        wrapped["wrapping-s3cret-\(made)"] = VaultDouble.Wrapped(path: path, body: body)
        return "wrapping-s3cret-\(made)"
    }
}
