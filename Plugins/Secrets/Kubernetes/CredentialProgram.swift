import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem
import OrderedCollections

/// A program that logs in for kubectl and whoever reads its file (client.authentication.k8s.io, versions v1 and
/// v1beta1, "client-go credential plugins").
struct CredentialProgram: Sendable {
    /// What it gave.
    struct Login: Sendable {
        var token: String?
        var certificate: ClientCertificate?
        /// Whole seconds since 1970.
        var expires: Int?
    }

    private let user: String
    private let apiVersion: String
    private let command: String
    private let arguments: [String]
    private let variables: [(String, String)]
    private let hint: String?
    /// Nil where it is not to be told.
    private let cluster: Value?

    private static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    /// Nil where the user of the kubeconfig has none.
    ///
    /// Throws: a `SecretFailure` (`invalid`) where it cannot be used here.
    init?(_ user: Kubeconfig.Entry, _ cluster: Kubeconfig.Entry) throws(SecretFailure) {
        guard let exec = user.value["exec"], exec.mapValue != nil else { return nil }
        let entry = Kubeconfig.Entry(name: user.name, value: exec, folder: user.folder)
        self.user = user.name
        guard let version = entry.text("apiVersion"), Self.versions.contains(version) else {
            throw SecretFailure(
                .invalid, "'exec' of user '\(user.name)' in the kubeconfig speaks no known version of the protocol",
                hint: "its apiVersion is to be \(Self.versions[0])")
        }
        guard let command = entry.text("command") else {
            throw SecretFailure(.invalid, "'exec' of user '\(user.name)' in the kubeconfig names no command")
        }
        guard entry.text("interactiveMode") != "Always" else {
            throw SecretFailure(
                .invalid,
                "'\(command)', which logs in for user '\(user.name)' in the kubeconfig, wants a terminal, "
                    + "and gets none here")
        }
        apiVersion = version
        // A path starts at the file it stands in; a bare name is looked up.
        self.command = command.contains("/") ? entry.absolute(command) : command
        arguments = (exec["args"]?.listValue ?? []).compactMap(\.scalarText)
        variables = (exec["env"]?.listValue ?? []).compactMap { item in
            guard let name = item["name"]?.scalarText, let value = item["value"]?.scalarText else { return nil }
            return (name, value)
        }
        hint = entry.text("installHint").map { $0.split { $0.isWhitespace }.joined(separator: " ") }
        self.cluster = exec["provideClusterInfo"]?.booleanValue == true ? try Self.information(cluster) : nil
    }

    private static func information(_ cluster: Kubeconfig.Entry) throws(SecretFailure) -> Value {
        var map: ValueMap = [:]
        for member in ["server", "tls-server-name", "proxy-url"] {
            if let text = cluster.text(member) { map[member] = .string(text) }
        }
        if let authority = try cluster.content("certificate-authority") {
            map["certificate-authority-data"] = .string(Base64.encode(authority))
        }
        let own = (cluster.value["extensions"]?.listValue ?? []).first {
            $0["name"]?.stringValue == "client.authentication.k8s.io/exec"
        }
        if let own = own?["extension"] { map["config"] = own }
        return .map(map)
    }

    /// Runs it.
    ///
    /// Throws: a `SecretFailure`: `invalid` where it is not installed or says something else, `unreachable` where it
    /// fails. Its output is in no message.
    func logIn(_ context: SecretContext) async throws(SecretFailure) -> Login {
        var spec: ValueMap = ["interactive": .boolean(false)]
        if let cluster { spec["cluster"] = cluster }
        var environment = context.environment
        for (name, value) in variables { environment[name] = value }
        environment["KUBERNETES_EXEC_INFO"] = JSONWriter.text(
            .map(["apiVersion": .string(apiVersion), "kind": .string("ExecCredential"), "spec": .map(spec)]))
        let program = SecretProgram(
            name: command, arguments: arguments, environment: environment, directory: context.directory,
            limit: .seconds(60), installation: hint)
        let answer = try await program.run()
        guard answer.status.isSuccess else {
            throw SecretFailure(
                .unreachable,
                "'\(command)' did not log in for user '\(user)' in the kubeconfig: it ended \(answer.ending)")
        }
        let value = try? JSONReader.value(answer.output)
        guard let value, value["kind"]?.stringValue == "ExecCredential", value["apiVersion"]?.stringValue == apiVersion,
            let status = value["status"]
        else {
            throw SecretFailure(
                .invalid, "'\(command)' did not print an ExecCredential of \(apiVersion) for user '\(user)'")
        }
        let login = Login(status)
        guard login.token != nil || login.certificate != nil else {
            throw SecretFailure(.invalid, "'\(command)' gave neither a token nor a certificate for user '\(user)'")
        }
        for secret in [login.token.map { Array($0.utf8) }, login.certificate?.key] {
            if let secret { context.session.mask("the login of '\(command)'", secret) }
        }
        return login
    }
}

extension CredentialProgram.Login {
    fileprivate init(_ status: Value) {
        token = status["token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if let chain = status["clientCertificateData"]?.stringValue, let key = status["clientKeyData"]?.stringValue {
            certificate = ClientCertificate(chain: Array(chain.utf8), key: Array(key.utf8))
        }
        expires = status["expirationTimestamp"]?.stringValue.flatMap { Timestamp.parse($0) }
    }
}
