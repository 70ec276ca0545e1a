import OpsCore
import OpsPlugin
import OrderedCollections

/// Decryption by AWS KMS (API version 2014-11-01).
struct AWSKeyManagement: Sendable {
    private let client: AWSClient

    init(_ account: AWSAccount, _ context: SecretContext, retryDelay: Duration) throws(SecretFailure) {
        client = try AWSClient(.keyManagement, target: "TrentService", account, context, retryDelay: retryDelay)
    }

    /// - Parameters:
    ///   - key: the ARN of the key, or of an alias.
    ///   - pairs: the encryption context, as it was given when the bytes were encrypted.
    func decrypt(_ sealed: [UInt8], key: String, context pairs: ValueMap) async throws(SecretFailure) -> [UInt8] {
        var input: ValueMap = ["CiphertextBlob": .string(Base64.encode(sealed))]
        // What was encrypted names its key; an alias may have come to stand for another one since.
        if AWSResourceName(key)?.resource.hasPrefix("key/") == true { input["KeyId"] = .string(key) }
        if !pairs.isEmpty { input["EncryptionContext"] = .map(pairs) }
        let place = "AWS KMS in \(client.region)"
        switch try await client.call("Decrypt", input) {
        case .success(let answer):
            guard let text = answer["Plaintext"]?.stringValue, let bytes = Base64.decode(Array(text.utf8)) else {
                throw SecretFailure(.unreachable, "what answers for \(place) is not AWS KMS")
            }
            return bytes
        case .failure(let failure): throw failure.failure(of: place)
        }
    }
}
