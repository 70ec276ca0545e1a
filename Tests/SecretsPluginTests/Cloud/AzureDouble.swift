import CryptoExtras
import HTTPTestServer
import OpsCore
import Synchronization
import TestKit

@testable import SecretsPlugin

/// A stand-in for a Key Vault (with TLS) and for the services that give tokens, with the answers that their references
/// document. The one token that is accepted is `eyJ-s3cret`.
final class AzureDouble: Sendable {
    let vault: HTTPTestServer
    let login: HTTPTestServer
    private let certificate: String
    private let folder: TemporaryFolder

    /// - Parameter first: answers of the vault before any other, one a request.
    init(first: Answer...) async throws {
        folder = try TemporaryFolder()
        certificate = folder.path + "/ca.crt"
        let made = try run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
            folder.path + "/key.pem", "-out", certificate,
        ])
        guard made.status == 0 else { throw OpsError(.command, made.errorText) }
        let rest = Mutex(first)
        vault = try await HTTPTestServer(tls: (certificate, folder.path + "/key.pem")) { request in
            rest.withLock { $0.isEmpty ? nil : $0.removeFirst() } ?? Self.secret(request)
        }
        login = try await HTTPTestServer { Self.token($0) }
    }

    /// The key `k` in the vault.
    private static let pem = Result { try _RSA.Encryption.PrivateKey(keySize: .bits2048).pemRepresentation }

    private static func key() throws -> _RSA.Encryption.PrivateKey { try .init(pemRepresentation: try pem.get()) }

    /// Bytes that the key `k` decrypts, as sops writes them: in base64url.
    static func encrypt(_ bytes: [UInt8]) throws -> String {
        let sealed = try key().publicKey.encrypt(bytes, padding: .PKCS1_OAEP_SHA256)
        return SignedToken.encoded(Array(sealed))
    }

    /// `127.0.0.1:PORT`.
    var host: String { "127.0.0.1:\(vault.port)" }

    /// A login with a client secret.
    var environment: [String: String] {
        [
            "SSL_CERT_FILE": certificate, "AZURE_AUTHORITY_HOST": login.url, "AZURE_TENANT_ID": "tenant",
            "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "c-s3cret", "PATH": "/nonexistent",
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
        ]
    }

    private static func token(_ request: ServedRequest) -> Answer {
        let granted = Answer.json(200, #"{"token_type":"Bearer","expires_in":3599,"access_token":"eyJ-s3cret"}"#)
        switch request.path {
        case "/tenant/oauth2/v2.0/token":
            if request.bodyText.contains("wrong") {
                return .json(
                    401,
                    #"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x"}"#
                )
            }
            return granted
        case "/metadata/identity/oauth2/token":
            guard request.header("metadata") == "true" else { return .json(400, "{}") }
            // Numbers are text there.
            return .json(
                200, #"{"access_token":"eyJ-s3cret","expires_in":"86399","resource":"https://vault.azure.net"}"#)
        case "/msi/token":
            guard request.header("x-identity-header") == "id-s3cret" else { return .json(400, "{}") }
            return .json(200, #"{"access_token":"eyJ-s3cret","expires_on":"4070908800"}"#)
        default: return .json(404, "{}")
        }
    }

    private static func secret(_ request: ServedRequest) -> Answer {
        func error(_ status: Int, _ code: String, _ message: String, inner: String? = nil) -> Answer {
            let detail = inner.map { #","innererror":{"code":"\#($0)"}"# } ?? ""
            return .json(status, #"{"error":{"code":"\#(code)","message":"\#(message)"\#(detail)}}"#)
        }
        guard request.header("authorization") == "Bearer eyJ-s3cret" else {
            return error(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
        }
        guard request.target.contains("api-version=2025-07-01") else {
            return error(400, "BadParameter", "api-version")
        }
        func bundle(_ value: String, _ attributes: String) -> Answer {
            .json(200, #"{"value":"\#(value)","id":"https://v/secrets/a/v1","attributes":{\#(attributes)}}"#)
        }
        if request.path.hasPrefix("/keys/denied/") {
            return error(403, "Forbidden", "Caller is not authorized", inner: "ForbiddenByRbac")
        }
        if request.path == "/keys/k/v1/decrypt" || request.path == "/keys/k//decrypt" {
            let body = try? JSONReader.value(request.body)
            guard request.method == "POST", body?["alg"]?.stringValue == "RSA-OAEP-256",
                let sealed = Base64.decode(Array((body?["value"]?.stringValue ?? "").utf8)),
                let bytes = try? key().decrypt(sealed, padding: .PKCS1_OAEP_SHA256)
            else { return error(400, "BadParameter", "The parameter is incorrect.") }
            return .json(200, #"{"kid":"https://v/keys/k/v1","value":"\#(SignedToken.encoded(Array(bytes)))"}"#)
        }
        let port = request.header("host") ?? ""
        switch request.path {
        case "/secrets/a": return bundle("pa55-s3cret", #""enabled":true,"exp":4070908800"#)
        case "/secrets/a/v0": return bundle("old-s3cret", #""enabled":true"#)
        case "/secrets/expired": return bundle("x-s3cret", #""enabled":true,"exp":1000000000"#)
        case "/secrets/early": return bundle("x-s3cret", #""enabled":true,"nbf":4070908800"#)
        case "/secrets/disabled":
            return error(
                403, "Forbidden", "Operation get is not allowed on a disabled secret.", inner: "SecretDisabled")
        case "/secrets/denied", "/secrets/denied/versions":
            return error(403, "Forbidden", "Caller is not authorized", inner: "ForbiddenByRbac")
        case "/secrets/a/versions":
            guard request.target.contains("skip=1") else {
                return .json(
                    200,
                    #"{"value":[{"id":"https://v/secrets/a/v0","attributes":{"enabled":true,"created":1000000000}}],"nextLink":"https://\#(port)/secrets/a/versions?api-version=2025-07-01&skip=1"}"#
                )
            }
            return .json(
                200,
                #"{"value":[{"id":"https://v/secrets/a/v1","attributes":{"enabled":true,"created":1767323045,"exp":4070908800}},{"id":"https://v/secrets/a/vx","attributes":{"enabled":false,"created":1600000000}}],"nextLink":null}"#
            )
        case "/secrets/lured/versions":
            return .json(200, #"{"value":[],"nextLink":"https://evil.example/secrets"}"#)
        case "/secrets/none/versions": return .json(200, #"{"value":[],"nextLink":null}"#)
        default: return error(404, "SecretNotFound", "A secret with (name/id) none was not found in this key vault.")
        }
    }
}
