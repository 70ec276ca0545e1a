import OpsCore
import OpsHTTP
import TestKit

extension RealVault {
    /// Asks the server as its root, to prepare it.
    struct Caller: Sendable {
        var address: String
        var token: String

        @discardableResult
        func post(_ path: String, _ body: String, wrapTTL: String? = nil) async throws -> Value {
            for _ in 0..<600 {
                let (status, value) = try await send("POST", path, body, wrapTTL)
                if (200..<300).contains(status) { return value }
                // A new mount of KV version 2 answers 400 until it has prepared itself.
                guard status == 400, JSONWriter.text(value).contains("pgrading") else {
                    throw OpsError(.mismatch, "\(path) answered \(status): \(JSONWriter.text(value))")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            throw OpsError(.timeout, "\(path) does not get ready")
        }

        func get(_ path: String) async throws -> Value { try await send("GET", path, nil, nil).1 }

        func status(_ path: String, _ body: String?, _ method: String = "POST") async throws -> Int {
            try await send(method, path, body, nil).0
        }

        var isReady: Bool { get async { (try? await send("GET", "sys/health", nil, nil))?.0 == 200 } }

        private func send(
            _ method: String, _ path: String, _ body: String?, _ wrapTTL: String?
        ) async throws -> (Int, Value) {
            var url = try URLParts(address)
            for part in ["v1"] + path.split(separator: "/").map(String.init) { url = url.appending(part) }
            var request = HTTPRequest(method, url, headers: [("X-Vault-Token", token), ("X-Vault-Request", "true")])
            if let wrapTTL { request.set("X-Vault-Wrap-TTL", wrapTTL) }
            if let body { request.body = .bytes(Array(body.utf8)) }
            let response = try await HTTPService.shared.send(request)
            let bytes = try await response.collect(limit: 1 << 20)
            return (response.status, bytes.isEmpty ? .null : try JSONReader.value(bytes))
        }
    }
}
