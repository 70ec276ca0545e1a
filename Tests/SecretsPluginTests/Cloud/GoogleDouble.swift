import HTTPTestServer
import OpsCore
import Synchronization

@testable import SecretsPlugin

/// A stand-in for Google's token endpoint, Secret Manager, IAM credentials, Cloud KMS and the metadata service, with the answers
/// that their references document. Project `p`; the one token that is accepted is `ya29-s3cret`.
final class GoogleDouble: Sendable {
    let server: HTTPTestServer

    /// - Parameter first: answers of Secret Manager before any other, one a request.
    init(first: Answer...) async throws {
        let rest = Mutex(first)
        server = try await HTTPTestServer { request in
            if request.path.hasPrefix("/v1/projects/") {
                if let answer = rest.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return answer }
                return Self.secret(request)
            }
            return Self.token(request)
        }
    }

    /// What Cloud KMS decrypts, to the data key of `SopsWriter`.
    static let sealed = "sealed"

    var environment: [String: String] {
        [
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": server.url + "/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": server.url + "/",
        ]
    }
    var tokenRequests: [ServedRequest] { server.requests.filter { !$0.path.hasPrefix("/v1/projects/") } }

    private static let granted = Answer.json(
        200, #"{"access_token":"ya29-s3cret","expires_in":3599,"token_type":"Bearer"}"#)

    private static func token(_ request: ServedRequest) -> Answer {
        switch request.path {
        case "/token":
            if request.bodyText.contains("refresh_token=revoked") {
                return .json(
                    400, #"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#)
            }
            return granted
        case "/sts": return .json(200, #"{"access_token":"federated-s3cret","expires_in":3599,"token_type":"Bearer"}"#)
        case "/impersonate":
            guard request.header("authorization") == "Bearer federated-s3cret" else { return .json(403, "{}") }
            return .json(200, #"{"accessToken":"ya29-s3cret","expireTime":"2099-01-01T00:00:00Z"}"#)
        case "/subject":
            guard request.header("x-job") == "7" else { return .text(401, "") }
            return .json(200, #"{"value":"job.jwt.x"}"#)
        case "/computeMetadata/v1/instance/service-accounts/default/token":
            guard request.header("metadata-flavor") == "Google" else { return .text(403, "") }
            return .json(200, #"{"access_token":"ya29-s3cret","expires_in":3599}"#).with("Metadata-Flavor", "Google")
        default: return .text(404, "")
        }
    }

    private static func error(_ code: Int, _ status: String, _ message: String) -> Answer {
        .json(code, #"{"error":{"code":\#(code),"message":"\#(message)","status":"\#(status)"}}"#)
    }

    private static func secret(_ request: ServedRequest) -> Answer {
        guard request.header("authorization") == "Bearer ya29-s3cret" else {
            return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        }
        func payload(_ text: String, _ sum: String) -> Answer {
            .json(
                200,
                #"{"name":"n","payload":{"data":"\#(Base64.encode(Array(text.utf8)))","dataCrc32c":"\#(sum)"}}"#)
        }
        switch request.path.dropFirst("/v1/projects/p/".count) {
        case let path where path.contains("/cryptoKeys/"): return decrypted(request)
        // The checksum of "123456789" is the check value of RFC 3720's polynomial.
        case "secrets/a/versions/latest:access": return payload("123456789", "3808858755")
        case "secrets/a/versions/1:access": return payload("", "0")
        case "secrets/damaged/versions/latest:access": return payload("123456780", "3808858755")
        case "locations/europe-west3/secrets/a/versions/latest:access": return payload("123456789", "3808858755")
        case "secrets/a/versions/2:access":
            return error(
                400, "FAILED_PRECONDITION", "Secret Version [projects/1/secrets/a/versions/2] is in DISABLED state.")
        case "secrets/a/versions/3:access":
            return error(
                400, "FAILED_PRECONDITION", "Secret Version [projects/1/secrets/a/versions/3] is in DESTROYED state.")
        case "secrets/denied/versions/latest:access", "secrets/denied/versions/latest":
            return error(403, "PERMISSION_DENIED", "Permission 'secretmanager.versions.access' denied")
        case "secrets/a/versions/latest":
            return .json(
                200,
                #"{"name":"projects/1/secrets/a/versions/4","createTime":"2026-01-02T03:04:05Z","state":"ENABLED"}"#)
        case "secrets/a": return .json(200, #"{"name":"projects/1/secrets/a","expireTime":"2099-01-01T00:00:00.5Z"}"#)
        case "secrets/a/versions/2":
            return .json(200, #"{"name":"projects/1/secrets/a/versions/2","state":"DISABLED"}"#)
        case "secrets/a/versions/3":
            return .json(200, #"{"name":"projects/1/secrets/a/versions/3","state":"DESTROYED"}"#)
        default: return error(404, "NOT_FOUND", "Secret [projects/1/secrets/none] not found or has no versions.")
        }
    }
}

extension GoogleDouble {
    /// Cloud KMS: the ring `r` in europe-west3.
    private static func decrypted(_ request: ServedRequest) -> Answer {
        let ring = "/v1/projects/p/locations/europe-west3/keyRings/r/cryptoKeys/"
        let sum = request.path == ring + "damaged:decrypt" ? 1 : CRC32C.checksum(SopsWriter.dataKey)
        guard request.method == "POST", request.path.hasPrefix(ring), request.path.hasSuffix(":decrypt") else {
            return error(404, "NOT_FOUND", "CryptoKey not found.")
        }
        guard request.path != ring + "denied:decrypt" else {
            return error(403, "PERMISSION_DENIED", "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied")
        }
        let body = try? JSONReader.value(request.body)
        guard body?["ciphertext"]?.stringValue == Base64.encode(Array(sealed.utf8)) else {
            return error(400, "INVALID_ARGUMENT", "Decryption failed: verify that 'name' refers to the correct key.")
        }
        return .json(200, #"{"plaintext":"\#(Base64.encode(SopsWriter.dataKey))","plaintextCrc32c":"\#(sum)"}"#)
    }
}

extension Answer {
    fileprivate func with(_ name: String, _ value: String) -> Answer {
        guard case .response(let status, let headers, let body) = self else { return self }
        return .response(status, headers: headers + [(name, value)], body: body)
    }
}
