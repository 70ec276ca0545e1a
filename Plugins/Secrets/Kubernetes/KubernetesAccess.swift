import OpsCore
import OpsHTTP
import OpsPlugin

/// Which API server is asked, how it is trusted, and as whom.
struct KubernetesAccess: Sendable {
    /// How a request shows who asks.
    enum Credential: Sendable {
        case none
        case token(String)
        /// Read for each request, since tokens in files are replaced before they expire; the text where it cannot be.
        case tokenFile(String, else: String?)
        case basic(username: String, password: String)
        case program(CredentialProgram)
    }

    var server: URLParts
    var namespace: String
    var configuration: HTTPConfiguration
    var credential = Credential.none
    /// Impersonation.
    var headers: [(String, String)] = []

    /// The access that a context of the kubeconfig gives; where there is no such file, that of the pod we run in.
    ///
    /// - Parameter serviceAccount: the folder of the pod's token.
    /// Throws: a `SecretFailure` that quotes no credential.
    init(_ context: SecretContext, named name: String?, serviceAccount: String) throws(SecretFailure) {
        let environment = context.environment
        if let file = try Kubeconfig(context) {
            try self.init(file, named: name, environment: environment)
        } else if let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty, name == nil {
            try self.init(inCluster: host, environment["KUBERNETES_SERVICE_PORT"] ?? "443", environment, serviceAccount)
        } else {
            throw SecretFailure(
                .invalid, "there is no kubeconfig, so no cluster to ask",
                hint: "KUBECONFIG names its file, which is ~/.kube/config where it is not set")
        }
        try context.permit(host: server.host, port: server.effectivePort)
    }

    private init(
        _ file: Kubeconfig, named name: String?, environment: [String: String]
    ) throws(SecretFailure) {
        let (context, cluster, user) = try file.selection(name)
        guard let address = cluster.text("server") else {
            throw SecretFailure(.invalid, "cluster '\(cluster.name)' in the kubeconfig names no server")
        }
        server = try Self.address(address, "the server of cluster '\(cluster.name)' in the kubeconfig")
        namespace = context.text("namespace") ?? "default"
        guard cluster.value["insecure-skip-tls-verify"]?.booleanValue != true else {
            throw SecretFailure(
                .invalid,
                "cluster '\(cluster.name)' in the kubeconfig turns the check of certificates off "
                    + "(insecure-skip-tls-verify), which ops does not do",
                hint: "name the authority that signed the server's certificate with 'certificate-authority'")
        }
        configuration = HTTPConfiguration { environment[$0] }
        configuration.authorities = try cluster.content("certificate-authority")
        configuration.serverName = cluster.text("tls-server-name")
        if let proxy = cluster.text("proxy-url") {
            configuration.proxies = ProxySettings(plain: proxy, secure: proxy)
        }
        // As kubectl does: who asks is not shown over a connection without TLS.
        if let user, server.isSecure { try logIn(user, cluster) }
    }

    private mutating func logIn(_ user: Kubeconfig.Entry, _ cluster: Kubeconfig.Entry) throws(SecretFailure) {
        guard user.value["auth-provider"]?.mapValue == nil else {
            throw SecretFailure(
                .invalid, "user '\(user.name)' in the kubeconfig logs in by 'auth-provider', which Kubernetes took out",
                hint: "use 'exec' with the provider's credential plugin")
        }
        switch (try user.content("client-certificate"), try user.content("client-key")) {
        case (let chain?, let key?): configuration.clientCertificate = ClientCertificate(chain: chain, key: key)
        case (nil, nil): break
        default:
            throw SecretFailure(
                .invalid, "user '\(user.name)' in the kubeconfig has only one of 'client-certificate' and 'client-key'")
        }
        if let path = user.text("tokenFile") {
            credential = .tokenFile(user.absolute(path), else: user.text("token"))
        } else if let token = user.text("token") {
            credential = .token(token)
        } else if let name = user.text("username"), let password = user.text("password") {
            credential = .basic(username: name, password: password)
        } else if let program = try CredentialProgram(user, cluster) {
            credential = .program(program)
        }
        if let name = user.text("as") { headers.append(("Impersonate-User", name)) }
        if let uid = user.text("as-uid") { headers.append(("Impersonate-Uid", uid)) }
        for group in user.value["as-groups"]?.listValue ?? [] {
            if let name = group.scalarText { headers.append(("Impersonate-Group", name)) }
        }
    }

    /// As a pod (Kubernetes, "Accessing the Kubernetes API from a Pod").
    private init(
        inCluster host: String, _ port: String, _ environment: [String: String], _ folder: String
    ) throws(SecretFailure) {
        server = try Self.address(
            "https://\(host.contains(":") ? "[\(host)]" : host):\(port)", "KUBERNETES_SERVICE_HOST")
        configuration = HTTPConfiguration { environment[$0] }
        configuration.authorities = try SecretFile.read(
            folder + "/ca.crt", place: "the certificate authority of the service account")
        credential = .tokenFile(folder + "/token", else: nil)
        let bytes = try? SecretFile.read(folder + "/namespace", place: "the namespace of the service account")
        namespace = bytes.map { String(decoding: $0, as: UTF8.self) } ?? "default"
    }

    private static func address(_ text: String, _ place: String) throws(SecretFailure) -> URLParts {
        do throws(OpsError) {
            return try URLParts(text)
        } catch {
            throw SecretFailure(.invalid, "\(place) cannot be used: \(error.message)", hint: error.hint)
        }
    }
}
