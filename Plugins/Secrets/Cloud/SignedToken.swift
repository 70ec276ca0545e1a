import CryptoExtras
import OpsCore
import OpsPlugin
import OrderedCollections

/// A signed JSON Web Token (RFC 7515, RFC 7519) with which a key proves whose it is.
enum SignedToken {
    enum Algorithm: String { case RS256, PS256 }

    /// Header, claims and signature in base64url without padding.
    ///
    /// - Parameters:
    ///   - key: an RSA private key in PEM, PKCS#1 or PKCS#8.
    ///   - source: names the key in messages.
    static func make(
        _ algorithm: Algorithm, header: ValueMap, claims: ValueMap, key: String, source: String
    ) throws(SecretFailure) -> String {
        var header = header
        header["alg"] = .string(algorithm.rawValue)
        header["typ"] = .string("JWT")
        let content = [header, claims].map { part in encoded(Array(JSONWriter.text(.map(part)).utf8)) }
            .joined(separator: ".")
        do {
            let signature = try _RSA.Signing.PrivateKey(pemRepresentation: key).signature(
                for: Array(content.utf8), padding: algorithm == .RS256 ? .insecurePKCS1v1_5 : .PSS)
            return content + "." + encoded(Array(signature.rawRepresentation))
        } catch {
            throw SecretFailure(.invalid, "\(source) is not an RSA private key in PEM of 2048 bits or more")
        }
    }

    /// Base64url without padding (RFC 7515 §2).
    static func encoded(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").filter { $0 != "=" }
    }
}
