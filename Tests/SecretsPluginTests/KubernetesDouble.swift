import HTTPTestServer
import OpsCore
import Synchronization
import TestKit

/// A stand-in for an API server of Kubernetes with the answers that its API documents; it speaks TLS.
///
/// The user may read secrets of the namespaces `ci` and `default`.
final class KubernetesDouble: Sendable {
    static let token = "k8s-s3cret"
    /// Certificates for 127.0.0.1, for `kube.internal`, and for a client.
    static let certificates = Result {
        let authority = try CertificateAuthority()
        let server = try authority.issue("IP:127.0.0.1", file: "server")
        let named = try authority.issue("DNS:kube.internal", file: "named")
        let client = try authority.issue("DNS:client", file: "client")
        return (authority: authority, server: server, named: named, client: client)
    }

    let server: HTTPTestServer

    /// - Parameters:
    ///   - isNamed: its certificate is for `kube.internal` only.
    ///   - asksForCertificate: a client's certificate takes the place of a token.
    ///   - accepts: which value of `Authorization` it lets in.
    init(
        isNamed: Bool = false, asksForCertificate: Bool = false,
        accepts: @escaping @Sendable (String?) -> Bool = { $0 == "Bearer \(KubernetesDouble.token)" }
    ) async throws {
        let certificates = try Self.certificates.get()
        server = try await HTTPTestServer(
            tls: isNamed ? certificates.named : certificates.server,
            clientAuthority: asksForCertificate ? certificates.authority.certificate : nil
        ) { request in
            guard asksForCertificate || accepts(request.header("authorization")) else {
                return Self.status(401, "Unauthorized", "Unauthorized")
            }
            return Self.answer(request)
        }
    }

    var paths: [String] { server.requests.map { "\($0.method) \($0.target)" } }

    /// A kubeconfig that names this server and its authority.
    ///
    /// - Parameters:
    ///   - user: the members of the user, as YAML in one line.
    ///   - cluster: more members of the cluster.
    func kubeconfig(user: String = "{ token: \(token) }", cluster: String = "") throws -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: main
        contexts:
        - { name: main, context: { cluster: one, user: ada, namespace: ci } }
        - { name: bare, context: { cluster: one, user: ada } }
        clusters:
        - name: one
          cluster: { server: "\(server.url)", certificate-authority: "\(try Self.certificates.get().authority.certificate)", \(cluster) }
        users:
        - { name: ada, user: \(user) }
        """
    }

    static func status(_ code: Int, _ reason: String, _ message: String) -> Answer {
        .json(
            code,
            #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","reason":"\#(reason)","code":\#(code)}"#
        )
    }

    private static func answer(_ request: ServedRequest) -> Answer {
        switch (request.method, request.target) {
        case ("GET", "/api/v1/namespaces/ci/secrets/registry"):
            if request.header("accept")?.contains("as=PartialObjectMetadata") == true {
                return .json(
                    200,
                    #"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"registry","resourceVersion":"4711"}}"#
                )
            }
            let document = Base64.encode(
                Array(#"{"auths":{"r.example":{"auth":"au7h-s3cret","id":12345678901234567890}}}"#.utf8))
            return .json(
                200,
                """
                {"kind":"Secret","apiVersion":"v1","metadata":{"name":"registry","resourceVersion":"4711"},"type":"Opaque",
                "data":{"password":"cGE1NS1zM2NyZXQK","tls.key":"S0VZ",".dockerconfigjson":"\(document)","empty":"",
                "twice":"YUdrPQ=="}}
                """)
        case ("GET", "/api/v1/namespaces/ci/secrets/none-at-all"):
            return .json(200, #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"none-at-all"},"type":"Opaque"}"#)
        case ("GET", "/api/v1/namespaces/default/secrets/token"):
            return .json(200, #"{"kind":"Secret","apiVersion":"v1","data":{"value":"ZGVmYXVsdC1zM2NyZXQ="}}"#)
        case ("GET", let path) where path.hasPrefix("/api/v1/namespaces/ci/secrets/broken-"):
            return status(Int(path.suffix(3)) ?? 500, "InternalError", "etcdserver: request timed out")
        case ("GET", let path) where path.hasPrefix("/api/v1/namespaces/ci/secrets/"):
            return status(404, "NotFound", #"secrets \"\#(path.split(separator: "/").last ?? "")\" not found"#)
        case ("GET", let path) where path.hasPrefix("/api/v1/namespaces/"):
            return status(
                403, "Forbidden",
                #"secrets is forbidden: User \"ada\" cannot get resource \"secrets\" in the namespace"#)
        case ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"):
            let spec = (try? JSONReader.value(request.body))?["spec"]?["resourceAttributes"]
            guard spec?["resource"]?.stringValue == "secrets", spec?["verb"]?.stringValue == "get" else {
                return status(422, "Invalid", "spec.resourceAttributes: Invalid value")
            }
            let isAllowed = spec?["namespace"]?.stringValue == "ci"
            return .json(
                201,
                #"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":\#(isAllowed),"reason":"\#(isAllowed ? "RBAC: allowed by RoleBinding" : "")"}}"#
            )
        default: return .text(404, "404 page not found\n")
        }
    }
}
