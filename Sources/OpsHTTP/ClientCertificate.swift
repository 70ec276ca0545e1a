import NIOSSL
import OpsCore

/// What a client shows a server that asks who it is (RFC 8446 §4.3.2): a certificate with its chain, and the key.
package struct ClientCertificate: Sendable, Hashable {
    /// PEM text: the client's own certificate first, then those that signed it.
    package var chain: [UInt8]
    /// PEM text.
    package var key: [UInt8]

    package init(chain: [UInt8], key: [UInt8]) {
        self.chain = chain
        self.key = key
    }

    /// Throws: an `OpsError` (`invalid`) that quotes nothing of either.
    func apply(to tls: inout TLSConfiguration) throws(OpsError) {
        tls.certificateChain = try certificates(in: chain, "the client certificate").map { .certificate($0) }
        do {
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
        } catch {
            throw OpsError(
                .invalid, "the key of the client certificate is not a private key in PEM form",
                hint: "a key with a passphrase cannot be read")
        }
    }
}

/// The certificates in a PEM text.
///
/// - Parameter what: names the text in messages.
/// Throws: an `OpsError` (`invalid`) where it holds none.
func certificates(in pem: [UInt8], _ what: String) throws(OpsError) -> [NIOSSLCertificate] {
    let found = (try? NIOSSLCertificate.fromPEMBytes(pem)) ?? []
    guard !found.isEmpty else { throw OpsError(.invalid, "\(what) is not a certificate in PEM form") }
    return found
}
