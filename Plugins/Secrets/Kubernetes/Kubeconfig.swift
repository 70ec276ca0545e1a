import OpsCore
import OpsPlugin
import OpsSystem
import OpsYAML

/// The clusters, users and contexts of the files that kubectl reads (Kubernetes, "Organizing cluster access using
/// kubeconfig files").
///
/// Of several files the first that has an entry of a name, or a current context, gives it.
struct Kubeconfig: Sendable {
    /// An entry, and the folder of its file, which relative paths start at.
    struct Entry: Sendable {
        var name: String
        var value: Value
        var folder: String

        /// A member as text; nil where it is empty.
        func text(_ member: String) -> String? {
            value[member]?.scalarText.flatMap { $0.isEmpty ? nil : $0 }
        }

        /// The bytes of `MEMBER-data`, which is base64, else of the file that `MEMBER` names.
        ///
        /// Throws: a `SecretFailure` that names the member and quotes nothing.
        func content(_ member: String) throws(SecretFailure) -> [UInt8]? {
            if let data = text(member + "-data") {
                guard let bytes = Base64.decode(Array(data.utf8)) else {
                    throw SecretFailure(.invalid, "'\(member)-data' of '\(name)' in the kubeconfig is not base64")
                }
                return bytes
            }
            guard let path = text(member) else { return nil }
            return try SecretFile.read(
                absolute(path), place: "'\(member)' of '\(name)' in the kubeconfig", isTrimmed: false)
        }

        func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : folder + "/" + path }
    }

    private enum Kind: String, CaseIterable { case cluster, user, context }

    private var entries: [Kind: [String: Entry]] = [:]
    private var currentContext: String?

    private static let sizeLimit = 4 << 20

    /// The files that `KUBECONFIG` lists, else `~/.kube/config`; nil where none of them is there.
    ///
    /// Throws: a `SecretFailure` (`invalid`, `forbidden`) that names the file and quotes nothing of it.
    init?(_ context: SecretContext) throws(SecretFailure) {
        let listed = (context.environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        let standard = context.environment["HOME"].map { [$0 + "/.kube/config"] } ?? []
        var isFound = false
        for name in listed.isEmpty ? standard : listed {
            let path = name.hasPrefix("/") ? name : context.directory + "/" + name
            let bytes: [UInt8]
            do throws(OpsError) {
                bytes = try readFile(path, limit: Self.sizeLimit)
            } catch {
                if error.code == .notFound { continue }
                throw SecretFailure(
                    error.code == .forbidden ? .forbidden : .invalid, "the kubeconfig '\(path)' cannot be read")
            }
            isFound = true
            if bytes.allSatisfy({ $0 <= 0x20 }) { continue }
            guard let document = (try? YAML.parse(bytes, file: path))?.value, document.mapValue != nil else {
                throw SecretFailure(.invalid, "the kubeconfig '\(path)' is not valid YAML with a map in it")
            }
            merge(document, folder: parentFolder(of: path))
        }
        guard isFound else { return nil }
    }

    private mutating func merge(_ document: Value, folder: String) {
        for kind in Kind.allCases {
            for item in document["\(kind.rawValue)s"]?.listValue ?? [] {
                guard let name = item["name"]?.scalarText, entries[kind]?[name] == nil else { continue }
                entries[kind, default: [:]][name] = Entry(
                    name: name, value: item[kind.rawValue] ?? .null, folder: folder)
            }
        }
        if currentContext == nil {
            currentContext = document["current-context"]?.scalarText.flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    /// What a context puts together; the current one where none is named.
    ///
    /// Throws: a `SecretFailure` (`invalid`) that names what is not there.
    func selection(_ name: String?) throws(SecretFailure) -> (context: Entry, cluster: Entry, user: Entry?) {
        guard let name = name ?? currentContext else {
            throw SecretFailure(
                .invalid, "the kubeconfig has no current context",
                hint: "write ?context=NAME in the reference, or choose one with: kubectl config use-context")
        }
        let context = try entry(.context, name)
        guard let clusterName = context.text("cluster") else {
            throw SecretFailure(.invalid, "context '\(name)' in the kubeconfig names no cluster")
        }
        let cluster = try entry(.cluster, clusterName)
        return (
            context, cluster, try context.text("user").map { (user) throws(SecretFailure) in try entry(.user, user) }
        )
    }

    private func entry(_ kind: Kind, _ name: String) throws(SecretFailure) -> Entry {
        if let entry = entries[kind]?[name] { return entry }
        throw SecretFailure(
            .invalid, "the kubeconfig has no \(kind.rawValue) '\(name)'",
            hint: nearestName(to: name, among: (entries[kind] ?? [:]).keys.sorted()).map { "did you mean '\($0)'?" })
    }
}
