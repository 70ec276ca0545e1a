import HTTPTestServer
import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct KubernetesLoginTests {
    private let provider = KubernetesProvider(retryDelay: .milliseconds(10))
    private let reference = "k8s://ci/registry#tls.key"

    private func harness(_ kubeconfig: String) throws -> SecretsHarness {
        var harness = try SecretsHarness(["PATH": "/usr/bin:/bin"])
        harness.environment["HOME"] = harness.folder.path
        try harness.folder.write(".kube/config", kubeconfig)
        return harness
    }

    @Test func firstOfSeveralFilesWins() async throws {
        let cluster = try await KubernetesDouble()
        var harness = try harness("current-context: s3cret")
        let text = cluster.kubeconfig()
        try harness.folder.write("one.yaml", "users: [ { name: ada, user: { tokenFile: keys/token } } ]\n")
        try harness.folder.write("keys/token", KubernetesDouble.token + "\n")
        try harness.folder.write("empty.yaml", "\n")
        try harness.folder.write("two.yaml", text.replacing("token: \(KubernetesDouble.token)", with: "token: wrong"))
        try harness.folder.write("three.yaml", "current-context: other\nclusters: [ { name: one, cluster: {} } ]\n")
        let folder = harness.folder.path
        harness.environment["KUBECONFIG"] =
            "\(folder)/one.yaml:\(folder)/none.yaml:empty.yaml:\(folder)/two.yaml:\(folder)/three.yaml"
        #expect(try await harness.fetch(provider, reference) == ["KEY"])
    }

    @Test func userNameAndPassword() async throws {
        let cluster = try await KubernetesDouble { $0 == "Basic " + Base64.encode(Array("ada:pa55".utf8)) }
        let harness = try harness(
            cluster.kubeconfig(user: "{ username: ada, password: pa55, as: eve, as-groups: [ a, b ] }"))
        #expect(try await harness.fetch(provider, reference) == ["KEY"])
        let headers = try #require(cluster.server.requests.first).headers.filter { $0.0.hasPrefix("Impersonate-") }
        #expect(
            headers.map { "\($0.0): \($0.1)" } == [
                "Impersonate-User: eve", "Impersonate-Group: a", "Impersonate-Group: b",
            ])
    }

    @Test(arguments: ["{ token: k8s-s3cret }", "{ username: ada, password: k8s-s3cret }", "{ tokenFile: token }"])
    func whatLogsInIsMasked(_ user: String) async throws {
        let cluster = try await KubernetesDouble { $0 != nil }
        let harness = try harness(cluster.kubeconfig(user: user))
        try harness.folder.write(".kube/token", "k8s-s3cret\n")
        let masks = Masks()
        var context = harness.context
        context.session = masks.session
        let parsed = try SecretReference(reference)
        #expect(try await provider.fetch([parsed, parsed], context)[0].get() == Array("KEY".utf8))
        #expect(masks.texts == ["k8s-s3cret"])
    }

    @Test func clientCertificates() async throws {
        let cluster = try await KubernetesDouble(asksForCertificate: true)
        let client = cluster.client
        let data = try [client.certificate, client.key].map { Base64.encode(try readAll($0)) }
        for user in [
            #"{ client-certificate: "\#(client.certificate)", client-key: "\#(client.key)" }"#,
            "{ client-certificate-data: \(data[0]), client-key-data: \(data[1]), client-key: none }",
        ] {
            let harness = try harness(cluster.kubeconfig(user: user))
            #expect(try await harness.fetch(provider, reference) == ["KEY"])
        }
        for (user, message) in [
            ("{ client-certificate-data: \(data[0]) }", "has only one of 'client-certificate' and 'client-key'"),
            (
                "{ client-certificate-data: '%s3cret', client-key: x }",
                "'client-certificate-data' of 'ada' in the kubeconfig is not base64"
            ),
            ("{ client-certificate-data: czNjcmV0, client-key-data: czNjcmV0 }", "is not a certificate in PEM form"),
        ] {
            let harness = try harness(cluster.kubeconfig(user: user))
            let text = try await harness.fetch(provider, reference).joined()
            #expect(text.hasPrefix("invalid: ") && text.contains(message) && !text.contains("s3cret"), "\(text)")
        }
    }

    /// A plugin that keeps what it was told, and counts its logins.
    private func plugin(_ status: String) -> String {
        """
        #!/bin/sh
        printf '%s\\n' "$KUBERNETES_EXEC_INFO" > told
        echo "$REGION $*" >> logins
        number=$(wc -l < logins)
        printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":%s}' "\(status)"
        """
    }

    private func exec(_ more: String = "") -> String {
        "{ exec: { apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, args: [ get, token ], "
            + "env: [ { name: REGION, value: eu-1 } ], interactiveMode: IfAvailable, \(more) } }"
    }

    @Test func aPluginLogsInOnceARun() async throws {
        let cluster = try await KubernetesDouble()
        let harness = try harness(cluster.kubeconfig(user: exec("provideClusterInfo: true")))
        try harness.folder.write(
            ".kube/bin/login",
            plugin(#"{\"token\":\"\#(KubernetesDouble.token)\",\"expirationTimestamp\":\"2999-01-01T00:00:00Z\"}"#),
            mode: 0o755)
        let masks = Masks()
        var context = harness.context
        context.session = masks.session
        let references = try [reference, "k8s://default/token#value", "k8s://registry#tls.key"].map {
            try SecretReference($0)
        }
        let results = await provider.fetch(references, context)
        #expect(results.allSatisfy { (try? $0.get()) != nil })
        #expect(try harness.folder.text("logins") == "eu-1 get token\n")
        #expect(masks.texts == [KubernetesDouble.token])
        let told = try JSONReader.value(try harness.folder.text("told"))
        #expect(told["kind"]?.stringValue == "ExecCredential" && told["spec"]?["interactive"]?.booleanValue == false)
        #expect(told["spec"]?["cluster"]?["server"]?.stringValue == cluster.server.url)
        let authority = try cluster.authority.folder.read("ca.pem")
        #expect(told["spec"]?["cluster"]?["certificate-authority-data"]?.stringValue == Base64.encode(authority))
    }

    @Test func aLoginThatIsNoLongerAcceptedIsMadeAgain() async throws {
        let cluster = try await KubernetesDouble { $0 == "Bearer token-2" }
        for status in [
            #"{\"token\":\"token-$number\"}"#,
            #"{\"token\":\"token-$number\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}"#,
        ] {
            let harness = try harness(cluster.kubeconfig(user: exec()))
            try harness.folder.write(".kube/bin/login", plugin(status), mode: 0o755)
            #expect(try await harness.fetch(provider, reference) == ["KEY"])
            #expect(try harness.folder.text("logins").split(separator: "\n").count == 2)
        }
    }

    @Test func aPluginMayGiveACertificate() async throws {
        let cluster = try await KubernetesDouble(asksForCertificate: true)
        let harness = try harness(cluster.kubeconfig(user: exec()))
        let client = cluster.client
        let answer = try JSONWriter.text(
            .map([
                "apiVersion": .string("client.authentication.k8s.io/v1"), "kind": .string("ExecCredential"),
                "status": .map([
                    "clientCertificateData": .string(String(decoding: readAll(client.certificate), as: UTF8.self)),
                    "clientKeyData": .string(String(decoding: readAll(client.key), as: UTF8.self)),
                ]),
            ]))
        try harness.folder.write(".kube/bin/login", "#!/bin/sh\ncat <<'END'\n\(answer)\nEND\n", mode: 0o755)
        #expect(try await harness.fetch(provider, reference) == ["KEY"])
    }

    @Test func pluginsThatFail() async throws {
        let cluster = try await KubernetesDouble()
        for (script, message) in [
            (
                "echo s3cret; echo 'please log in' >&2; exit 4",
                "unreachable: 'LOGIN' did not log in for user 'ada' in the kubeconfig: "
                    + "it ended with exit status 4: please log in"
            ),
            (
                "echo s3cret",
                "invalid: 'LOGIN' did not print an ExecCredential of client.authentication.k8s.io/v1 for user 'ada'"
            ),
            (
                #"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'"#,
                "invalid: 'LOGIN' gave neither a token nor a certificate for user 'ada'"
            ),
        ] {
            let harness = try harness(cluster.kubeconfig(user: exec()))
            let path = try harness.folder.write(".kube/bin/login", "#!/bin/sh\n\(script)\n", mode: 0o755)
            let text = try await harness.fetch(provider, reference).joined()
            // Its path is relative to the kubeconfig.
            #expect(text.replacing(path.replacing("/bin/", with: "/./bin/"), with: "LOGIN") == message)
        }
        for (user, message) in [
            (
                exec().replacing("./bin/login", with: "ops-no-login"),
                "the program 'ops-no-login' is not installed, or not in PATH"
            ),
            (exec().replacing("IfAvailable", with: "Always"), "wants a terminal, and gets none here"),
            (exec().replacing("k8s.io/v1", with: "k8s.io/v1alpha1"), "speaks no known version of the protocol"),
            ("{ auth-provider: { name: gcp } }", "logs in by 'auth-provider', which Kubernetes took out"),
        ] {
            let harness = try harness(cluster.kubeconfig(user: user))
            let text = try await harness.fetch(provider, reference).joined()
            #expect(text.hasPrefix("invalid: ") && text.hasSuffix(message), "\(text)")
        }
        #expect(cluster.paths.isEmpty)
    }

    @Test func theServiceAccountOfAPod() async throws {
        let cluster = try await KubernetesDouble()
        var harness = try SecretsHarness()
        let folder = harness.folder.path + "/account"
        let provider = KubernetesProvider(serviceAccount: folder)
        harness.environment = [
            "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(cluster.server.port)",
            "HOME": harness.folder.path,
        ]
        try harness.folder.write(
            "account/ca.crt", try cluster.authority.folder.read("ca.pem"))
        try harness.folder.write("account/token", KubernetesDouble.token)
        try harness.folder.write("account/namespace", "ci")
        #expect(try await harness.fetch(provider, "k8s://registry#tls.key") == ["KEY"])
        #expect(try run(["rm", folder + "/token"]).status == 0)
        #expect(
            try await harness.fetch(provider, "k8s://registry#tls.key") == [
                "forbidden: the token file of Kubernetes does not exist"
            ])
    }

    @Test func kubeconfigsThatCannotBeUsed() async throws {
        for (text, message) in [
            ("s3cret", "is not valid YAML with a map in it"), ("a: *s3cret", "is not valid YAML with a map in it"),
            ("a: b", "the kubeconfig has no current context"),
            ("current-context: a", "the kubeconfig has no context 'a'"),
            (
                "current-context: a\ncontexts: [ { name: a, context: { cluster: b } } ]",
                "the kubeconfig has no cluster 'b'"
            ),
            (
                "current-context: a\ncontexts: [ { name: a, context: { cluster: b } } ]\nclusters: [ { name: b, cluster: { server: s3cret } } ]",
                "the server of cluster 'b' in the kubeconfig cannot be used: the URL has no scheme"
            ),
        ] {
            let harness = try harness(text)
            let said = try await harness.fetch(provider, reference).joined()
            #expect(said.hasPrefix("invalid: ") && said.hasSuffix(message) && !said.contains("s3cret"), "\(said)")
        }
        let harness = try SecretsHarness()
        #expect(
            try await harness.fetch(provider, reference) == ["invalid: there is no kubeconfig, so no cluster to ask"])
    }
}
