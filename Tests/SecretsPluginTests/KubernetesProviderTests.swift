import HTTPTestServer
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct KubernetesProviderTests {
    private let provider = KubernetesProvider(retryDelay: .milliseconds(10))

    private func harness(_ kubeconfig: String) throws -> SecretsHarness {
        var harness = try SecretsHarness(["PATH": "/usr/bin:/bin"])
        harness.environment["HOME"] = harness.folder.path
        try harness.folder.write(".kube/config", kubeconfig)
        return harness
    }

    @Test func keysOfASecretInOneRequest() async throws {
        let cluster = try await KubernetesDouble()
        let harness = try harness(cluster.kubeconfig())
        let values = try await harness.fetch(
            provider, "k8s://ci/registry#password", "k8s://ci/registry#tls.key",
            "k8s://ci/registry#.dockerconfigjson.auths.r.example.auth",
            "k8s://ci/registry#.dockerconfigjson.auths.r.example.id", "k8s://ci/registry#twice?decode=base64",
            "k8s://ci/registry#empty", "k8s://ci/registry#pasword", "k8s://ci/registry#.dockerconfigjson.x",
            "k8s://ci/none-at-all#x")
        #expect(
            values == [
                "pa55-s3cret\n", "KEY", "au7h-s3cret", "12345678901234567890", "hi",
                "empty: key 'empty' of secret 'ci/registry' in Kubernetes is empty",
                "missing: secret 'ci/registry' in Kubernetes has no key 'pasword'",
                "missing: key '.dockerconfigjson' of secret 'ci/registry' in Kubernetes has no field 'x'",
                "missing: secret 'ci/none-at-all' in Kubernetes has no key 'x'",
            ])
        #expect(
            cluster.paths == [
                "GET /api/v1/namespaces/ci/secrets/registry", "GET /api/v1/namespaces/ci/secrets/none-at-all",
            ])
    }

    @Test func namespacesAndContexts() async throws {
        let cluster = try await KubernetesDouble()
        let harness = try harness(cluster.kubeconfig())
        let values = try await harness.fetch(
            provider, "k8s://registry#tls.key", "k8s://token#value?context=bare", "k8s://token#value?context=bear",
            "k8s://default/token#value")
        #expect(
            values == ["KEY", "default-s3cret", "invalid: the kubeconfig has no context 'bear'", "default-s3cret"])
    }

    @Test func refusalsAreToldApart() async throws {
        let cluster = try await KubernetesDouble()
        let harness = try harness(cluster.kubeconfig())
        let url = cluster.server.url
        let values = try await harness.fetch(
            provider, "k8s://ci/none#x", "k8s://closed/registry#x", "k8s://ci/broken-500#x", "k8s://ci/broken-418#x")
        #expect(
            values == [
                "missing: there is no secret 'ci/none' in Kubernetes at \(url)",
                "forbidden: Kubernetes at \(url) refuses secret 'closed/registry': secrets is forbidden: User \"ada\" "
                    + "cannot get resource \"secrets\" in the namespace",
                "unreachable: Kubernetes at \(url) answered 500: etcdserver: request timed out",
                "invalid: Kubernetes at \(url) rejects the request for secret 'ci/broken-418' (418): etcdserver: request "
                    + "timed out",
            ])
        #expect(cluster.paths.filter { $0.hasSuffix("broken-500") }.count == 4)
        try harness.folder.write(".kube/config", cluster.kubeconfig(user: "{ token: wrong-s3cret }"))
        #expect(
            try await harness.fetch(provider, "k8s://ci/registry#x") == [
                "forbidden: Kubernetes at \(url) does not accept the login: Unauthorized"
            ])
        #expect(!harness.log.text.contains("s3cret"))
    }

    @Test func whatIsNotKubernetes() async throws {
        let server = try await HTTPTestServer { _ in .text(404, "s3cret") }
        let harness = try harness(
            """
            current-context: a
            contexts: [ { name: a, context: { cluster: a, user: a } } ]
            clusters: [ { name: a, cluster: { server: "\(server.url)" } } ]
            users: [ { name: a, user: { token: s3cret } } ]
            """)
        #expect(
            try await harness.fetch(provider, "k8s://ci/registry#x") == [
                "unreachable: what answers at \(server.url) is not the API of Kubernetes"
            ])
        // A login is not shown over a connection that anybody can read.
        #expect(server.requests.allSatisfy { $0.header("authorization") == nil } && server.requests.count == 1)
    }

    @Test func certificatesAreChecked() async throws {
        let cluster = try await KubernetesDouble(isNamed: true)
        let url = cluster.server.url
        let harness = try harness(cluster.kubeconfig())
        #expect(
            try await harness.fetch(provider, "k8s://ci/registry#tls.key") == [
                "unreachable: the certificate of Kubernetes at \(url) is for another host name"
            ])
        try harness.folder.write(".kube/config", cluster.kubeconfig(cluster: "tls-server-name: kube.internal"))
        #expect(try await harness.fetch(provider, "k8s://ci/registry#tls.key") == ["KEY"])
        #expect(cluster.server.requests.last?.header("host") == "127.0.0.1:\(cluster.server.port)")
        let count = cluster.paths.count
        try harness.folder.write(
            ".kube/config", cluster.kubeconfig(cluster: "insecure-skip-tls-verify: true"))
        let refused = try await harness.fetch(provider, "k8s://ci/registry#tls.key").joined()
        #expect(refused.hasPrefix("invalid: cluster 'one' in the kubeconfig turns the check of certificates off"))
        let text = cluster.kubeconfig(cluster: "tls-server-name: kube.internal")
        try harness.folder.write(".kube/config", text.replacing("certificate-authority:", with: "unused:"))
        let unknown = try await harness.fetch(provider, "k8s://ci/registry#tls.key").joined()
        #expect(unknown.hasPrefix("unreachable: the certificate of Kubernetes at \(url) is not signed"), "\(unknown)")
        #expect(cluster.paths.count == count)
    }

    @Test func aProbeReadsNoValue() async throws {
        let cluster = try await KubernetesDouble()
        let harness = try harness(cluster.kubeconfig())
        let url = cluster.server.url
        let result = await provider.probe(try SecretReference("k8s://ci/registry#password"), harness.context)
        let probe = try result.get()
        #expect(probe.text == "exists and may be read; its keys were not asked for" && probe.version == "4711")
        #expect(
            try await harness.probe(provider, "k8s://ci/none#x")
                == "missing: there is no secret 'ci/none' in Kubernetes at \(url)")
        #expect(
            try await harness.probe(provider, "k8s://closed/registry#x")
                == "forbidden: Kubernetes at \(url) does not let this user read secret 'closed/registry'")
        #expect(
            cluster.server.requests.allSatisfy {
                $0.method == "POST" || $0.header("accept")?.contains("as=PartialObjectMetadata") == true
            })
    }

    @Test func aServerThatTheRecipeDoesNotNameIsNotAsked() async throws {
        let cluster = try await KubernetesDouble()
        let harness = try harness(cluster.kubeconfig())
        var context = harness.context
        context.hosts = SecretHosts(["kube.example"])
        let results = await provider.fetch([try SecretReference("k8s://ci/registry#password")], context)
        guard case .failure(let failure) = results[0] else {
            Issue.record("a secret of a server that is not permitted")
            return
        }
        #expect(failure.reason == .forbidden && cluster.paths.isEmpty)
    }

    @Test(arguments: [
        "k8s://ci/registry", "k8s://a/b/c#d", "k8s://CI/registry#x", "k8s:///registry#x", "k8s://ci/#x", "k8s://-a#x",
        "k8s://ci/..#x", "k8s://ci/registry#x?version=1",
    ])
    func wrongReferences(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
    }
}
