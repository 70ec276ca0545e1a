import OpsCore
import OpsHTTP
import OpsPlugin

/// What to say of an answer that is no answer to the question.
extension VaultClient {
    /// An answer that was understood: its status is 200, 204 or 404.
    ///
    /// Throws: a `SecretFailure` (`forbidden`, `unreachable`, `invalid`) without the token or any value.
    func understood(_ reply: Reply, _ purpose: String) async throws(SecretFailure) -> Reply {
        if [200, 202, 204, 404].contains(reply.status) { return reply }
        // Why the server cannot serve is asked where it does not say so itself.
        let isUnwell = reply.status == 412 || [472, 473, 474].contains(reply.status) || reply.status >= 500
        let state = isUnwell && reply.status != 501 && !reply.said.contains("sealed") ? await state() : nil
        throw failure(reply, purpose, state)
    }

    private func failure(_ reply: Reply, _ purpose: String, _ state: String?) -> SecretFailure {
        let words = reply.said.isEmpty ? "" : ": \(reply.said)"
        switch reply.status {
        case 301, 302, 303, 307, 308:
            let target = reply.redirect.flatMap { try? settings.address.resolve($0) }?.origin ?? "elsewhere"
            return SecretFailure(
                .unreachable, "Vault at \(name) redirects to \(target), and the token is not sent there",
                hint: "set VAULT_ADDR to the address that is to be used, or name both in 'secret-hosts'")
        case 400 where reply.said.contains("missing client token"), 401:
            return SecretFailure(.forbidden, "Vault at \(name) got no token it accepts\(words)")
        case 403:
            return SecretFailure(
                .forbidden, "Vault at \(name) refuses \(purpose)\(words)",
                hint: "the token's policy may not allow this path; see vault token lookup")
        case 429:
            return SecretFailure(.unreachable, "Vault at \(name) has a rate limit that was reached\(words)")
        case 503 where reply.said.contains("sealed"):
            return SecretFailure(.unreachable, "Vault at \(name) is sealed", hint: "somebody has to unseal it first")
        case 400..<500 where ![412, 472, 473, 474].contains(reply.status):
            return SecretFailure(
                .invalid, "Vault at \(name) rejects the request for \(purpose) (\(reply.status))\(words)")
        default:
            let state = state.map { ", which \($0)," } ?? ""
            return SecretFailure(.unreachable, "Vault at \(name)\(state) answered \(reply.status)\(words)")
        }
    }

    /// What the server says of itself (`sys/health`), where that explains something. There 429 is a standby node, not
    /// a rate limit.
    private func state() async -> String? {
        let request = VaultRequest(path: "sys/health", purpose: "its health")
        guard let reply = try? await send(request, token: nil, retries: false) else { return nil }
        switch reply.status {
        case 429: return "is a standby node"
        case 472: return "is a disaster recovery secondary"
        case 473: return "is a performance standby"
        case 474: return "is a standby node that cannot reach the active one"
        case 501: return "is not initialised"
        case 503: return "is sealed"
        case 530: return "was removed from its cluster"
        default: return nil
        }
    }
}
