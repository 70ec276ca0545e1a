import OpsSystem

/// Files that seldom should be published: known by their names, or as private keys by how they start.
enum SecretLookingFile {
    private static let names: Set<String> = [
        ".env", ".netrc", ".npmrc", ".pypirc", ".pgpass", ".htpasswd", ".git-credentials", ".dockercfg", "id_rsa",
        "id_dsa", "id_ecdsa", "id_ed25519", "credentials", "credentials.json", "kubeconfig", "terraform.tfstate",
    ]
    private static let endings = [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".tfvars"]
    /// Left out of what starts with `.env.`: examples, which hold no values.
    private static let examples = ["example", "sample", "template", "dist"]
    private static let marks = ["PRIVATE KEY-----", "AGE-SECRET-KEY-"].map { Array($0.utf8) }
    private static let head = 4096

    /// - Parameters:
    ///   - path: in the folder.
    ///   - file: absolute.
    static func isOne(_ path: String, at file: String) -> Bool {
        let name = (path.split(separator: "/").last ?? "").lowercased()
        if names.contains(name) || endings.contains(where: { name.hasSuffix($0) }) { return true }
        if name.hasPrefix(".env."), !examples.contains(where: { name.hasSuffix($0) }) { return true }
        guard let size = FileStatus.find(file, followsLinks: false)?.size, size < 1 << 20,
            let bytes = try? readFile(file, limit: 1 << 20)
        else { return false }
        let start = bytes.prefix(head)
        return marks.contains { start.firstRange(of: $0) != nil }
    }
}
