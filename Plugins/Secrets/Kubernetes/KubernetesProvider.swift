import OpsCore
import OpsPlugin
import OrderedCollections

/// `k8s://NAMESPACE/SECRET#key`: a key of a Secret of Kubernetes.
struct KubernetesProvider: SecretProvider {
    let scheme = "k8s"
    let summary = "A key of a Secret in Kubernetes, by its API"
    let example = "k8s://ci/registry#password"
    let manual = """
        `k8s://NAMESPACE/SECRET#key` is the decoded value of a key in the `data` of a Secret, byte for byte; \
        `k8s://SECRET#key` is one in the namespace of the context. Keys may hold dots: the whole key is taken first, \
        else `key.member` selects a member of a key that holds a JSON or YAML document. `?decode=base64` decodes \
        once more. `?context=NAME` uses another context than the current one.

        The cluster, its certificate authority and the login are those of the kubeconfig: the files that \
        `KUBECONFIG` lists, else `~/.kube/config`. Users log in by `token`, `tokenFile`, a client certificate, \
        `username` and `password`, or `exec` (client.authentication.k8s.io/v1 and v1beta1; the program runs once a \
        run and gets no terminal); `as`, `as-uid` and `as-groups` are sent. `tls-server-name` and `proxy-url` are heeded; \
        `insecure-skip-tls-verify` is refused. Without a kubeconfig, the service account of the pod is used \
        (`KUBERNETES_SERVICE_HOST`).

        A Secret is read once a run. `ops secrets check` asks whether the user may read it \
        (SelfSubjectAccessReview), and for its metadata alone.
        """

    private let retryDelay: Duration
    private let serviceAccount: String

    private static let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

    init(
        retryDelay: Duration = .milliseconds(500),
        serviceAccount: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) {
        self.retryDelay = retryDelay
        self.serviceAccount = serviceAccount
    }

    func check(_ reference: SecretReference) throws(OpsError) {
        let parts = reference.path.split(separator: "/", omittingEmptySubsequences: false)
        // RFC 1123 names, as Kubernetes has them.
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.count <= 253
                && part.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || "-.".utf8.contains($0)
                } && !part.hasPrefix("-") && !part.hasPrefix(".")
        }
        guard isName, parts.count <= 2 else {
            throw OpsError(
                .invalid, "'\(reference)' does not name a Secret", hint: "write k8s://namespace/secret#key")
        }
        guard reference.field != nil else {
            throw OpsError(.invalid, "'\(reference)' names no key", hint: "write k8s://\(reference.path)#key")
        }
        try SecretSelection.checkOptions(reference, known: ["context"])
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        await fetchEach(references) { reference async throws(SecretFailure) in
            let login = reference.options["context"]
            let place = try await place(of: reference, context)
            let key = "k8s:\(login ?? ""):\(place.name)"
            let data = try await context.session.once(key) { () async throws(SecretFailure) -> ValueMap in
                let (reply, client) = try await ask(login, context) { (client) async throws(SecretFailure) in
                    try await client.send(place.segments)
                }
                guard reply.status == 200, let body = reply.body, body["kind"]?.stringValue == "Secret" else {
                    throw client.failure(reply, place.name)
                }
                return body["data"]?.mapValue ?? [:]
            }
            return try Self.value(of: reference, in: data)
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        do throws(SecretFailure) {
            let login = reference.options["context"]
            let place = try await place(of: reference, context)
            let review: Value = .map([
                "apiVersion": .string("authorization.k8s.io/v1"), "kind": .string("SelfSubjectAccessReview"),
                "spec": .map([
                    "resourceAttributes": .map([
                        "namespace": .string(place.namespace), "verb": .string("get"), "resource": .string("secrets"),
                        "name": .string(place.secret),
                    ])
                ]),
            ])
            let (answer, client) = try await ask(login, context) { (client) async throws(SecretFailure) in
                try await client.send(
                    ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"], method: "POST", body: review)
            }
            guard answer.status == 201, let status = answer.body?["status"] else {
                throw client.failure(answer, "a review of what this user may do")
            }
            guard status["allowed"]?.booleanValue == true else {
                let reason = status["reason"]?.stringValue.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
                throw SecretFailure(
                    .forbidden, "Kubernetes at \(client.name) does not let this user read \(place.name)\(reason)",
                    hint: "a role must allow this user the verb get on secrets in that namespace")
            }
            let found = try await client.send(place.segments, accept: Self.metadata)
            if found.status == 406 { return .success(SecretProbe("may be read if it exists")) }
            guard found.status == 200, let body = found.body else { throw client.failure(found, place.name) }
            return .success(
                SecretProbe(
                    "exists and may be read; its keys were not asked for",
                    version: body["metadata"]?["resourceVersion"]?.scalarText))
        } catch {
            return .failure(error)
        }
    }

    private struct Place: Sendable {
        var namespace: String
        var secret: String
        var name: String { "secret '\(namespace)/\(secret)'" }
        var segments: [String] { ["api", "v1", "namespaces", namespace, "secrets", secret] }
    }

    private func place(of reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> Place {
        let parts = reference.path.split(separator: "/").map(String.init)
        if parts.count == 2 { return Place(namespace: parts[0], secret: parts[1]) }
        return Place(
            namespace: try await client(reference.options["context"], context).namespace, secret: reference.path)
    }

    /// Asks as one login of the run, or as a new one where that has expired or is no longer accepted.
    private func ask(
        _ name: String?, _ context: SecretContext,
        _ request: (KubernetesClient) async throws(SecretFailure) -> KubernetesClient.Reply
    ) async throws(SecretFailure) -> (reply: KubernetesClient.Reply, client: KubernetesClient) {
        var client = try await client(name, context)
        if let expires = client.expires, Double(expires) <= Timestamp.now {
            client = try await newClient(name, context)
        }
        let reply = try await request(client)
        guard reply.status == 401, client.canLogInAgain else { return (reply, client) }
        client = try await newClient(name, context)
        return (try await request(client), client)
    }

    private func client(_ name: String?, _ context: SecretContext) async throws(SecretFailure) -> KubernetesClient {
        try await context.session.once("k8s:login:\(name ?? "")") {
            () async throws(SecretFailure) -> KubernetesClient in
            try await KubernetesClient(
                KubernetesAccess(context, named: name, serviceAccount: serviceAccount), retryDelay: retryDelay, context)
        }
    }

    private func newClient(_ name: String?, _ context: SecretContext) async throws(SecretFailure) -> KubernetesClient {
        context.session.forget("k8s:login:\(name ?? "")")
        return try await client(name, context)
    }

    /// A key by its whole name, else the longest key that the field goes on behind, and a member of what it holds.
    private static func value(of reference: SecretReference, in data: ValueMap) throws(SecretFailure) -> [UInt8] {
        let place = "secret '\(reference.path)' in Kubernetes"
        let field = reference.field ?? ""
        var selection = SecretSelection(reference)
        var key = field
        selection.field = nil
        while data[key] == nil, let dot = key.lastIndex(of: ".") {
            key = String(key[..<dot])
            selection.field = String(field.dropFirst(key.count + 1))
        }
        guard let text = data[key]?.stringValue else {
            throw SecretFailure(
                .missing, "\(place) has no key '\(field)'",
                hint: nearestName(to: field, among: data.keys).map { "did you mean '\($0)'?" })
        }
        guard let bytes = Base64.decode(Array(text.utf8)) else {
            throw SecretFailure(.invalid, "key '\(key)' of \(place) is not base64")
        }
        return try selection.apply(to: bytes, place: "key '\(key)' of \(place)")
    }
}
