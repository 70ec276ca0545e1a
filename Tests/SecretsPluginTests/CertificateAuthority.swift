import OpsCore
import TestKit

/// A certificate authority made by openssl, and certificates it signed.
struct CertificateAuthority {
    let folder: TemporaryFolder
    var certificate: String { folder.path + "/ca.pem" }

    init() throws {
        folder = try TemporaryFolder()
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 "
                + "-subj /CN=authority -addext basicConstraints=critical,CA:TRUE")
    }

    /// PEM files of a certificate for the names, such as `DNS:localhost`, and of its key.
    func issue(_ names: String, file: String = "server") throws -> (certificate: String, key: String) {
        try folder.write("names", "subjectAltName=\(names)\n")
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout \(file).key -out \(file).csr "
                + "-subj /CN=\(file)")
        try openssl(
            "x509 -req -in \(file).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names "
                + "-out \(file).pem")
        return (folder.path + "/\(file).pem", folder.path + "/\(file).key")
    }

    private func openssl(_ arguments: String) throws {
        let result = try run(["openssl"] + arguments.split(separator: " ").map(String.init), in: folder.path)
        guard result.status == 0 else { throw OpsError(.command, result.errorText) }
    }
}
