import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem

/// Credentials that a program or the machine gives.
extension AWSCredentialChain {
    /// `credential_process`: a command whose standard output is JSON with `Version` 1. It is split as a shell would
    /// split plain words and quotes; no shell runs it.
    func fromProcess(_ name: String, _ profile: AWSConfigFile.Section) async throws(SecretFailure) -> AWSCredentials? {
        guard let text = profile["credential_process"] else { return nil }
        guard let command = Self.words(text), !command.isEmpty else {
            throw SecretFailure(.invalid, "credential_process of profile '\(name)' has a quote that is not closed")
        }
        let result = try await ProgramOutput.run(command, context)
        let source = "credential_process of profile '\(name)'"
        guard result.status.isSuccess else {
            throw SecretFailure(
                .forbidden, "\(source) failed: '\(command[0])' ended with \(result.status)",
                hint: "run it by hand to see what it prints")
        }
        guard let value = try? JSONReader.value(result.output), value["Version"]?.integerValue == 1 else {
            throw SecretFailure(.invalid, "\(source) did not print JSON with \"Version\": 1")
        }
        return try Self.read(value, token: "SessionToken", source: source)
    }

    /// The words of a command line; nil where a quote is not closed.
    static func words(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return quote == nil && !isEscaped ? words : nil
    }

    /// The endpoint of ECS, EKS Pod Identity or the like: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `…_FULL_URI`.
    func fromContainer() async throws(SecretFailure) -> AWSCredentials? {
        let url: URLParts
        if let path = context.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = try AWSSettings.address("http://169.254.170.2" + path, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        } else if let text = context.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = try AWSSettings.address(text, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
            // The addresses of the agents of ECS and EKS, as botocore's `ContainerMetadataFetcher` has them.
            let agents = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
            guard url.isSecure || url.isLoopback || agents.contains(url.host) else {
                throw SecretFailure(
                    .invalid, "AWS_CONTAINER_CREDENTIALS_FULL_URI names '\(url.host)' without TLS, which is not asked",
                    hint: "plain http is for loopback, \(agents.joined(separator: ", "))")
            }
        } else {
            return nil
        }
        var request = HTTPRequest(
            "GET", url, headers: [("Accept", "application/json")],
            label: "the container's credential endpoint at \(url.origin)")
        var token = context.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if let file = context.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            token = try TokenFile.text(file, source: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        }
        if let token {
            context.session.mask("AWS container token", Array(token.utf8))
            request.set("Authorization", token)
        }
        let reply = try await requests.send(request, to: url.isSecure ? .service : .metadata)
        guard reply.status == 200 else {
            throw SecretFailure(
                reply.status < 500 ? .forbidden : .unreachable, "\(request.name) answered \(reply.status)",
                hint: "is a role given to this task or service account?")
        }
        return try Self.read(reply.json, token: "Token", source: "the container's credential endpoint")
    }

    /// The role of an EC2 instance, by version 2 of its metadata service only: version 1 answers whoever makes a
    /// server on the machine ask for a URL. Nil where `AWS_EC2_METADATA_DISABLED` turns it off.
    func fromMetadata() async throws(SecretFailure) -> AWSCredentials? {
        guard context.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else { return nil }
        let mode = context.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased()
        let usual = mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        let base = try AWSSettings.address(
            context.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? usual, "AWS_EC2_METADATA_SERVICE_ENDPOINT")
        let name = "the EC2 metadata service at \(base.origin)"
        func ask(_ method: String, _ path: String, _ header: (String, String)) async throws(SecretFailure)
            -> SecretRequests.Reply
        {
            var url = base
            url.path = (base.path.hasSuffix("/") ? String(base.path.dropLast()) : base.path) + path
            let reply = try await requests.send(
                HTTPRequest(method, url, headers: [header], label: name), to: .metadata)
            guard reply.status == 200 else {
                throw SecretFailure(
                    reply.status < 500 ? .forbidden : .unreachable, "\(name) answered \(reply.status) for \(path)",
                    hint: reply.status == 404 ? "has the instance a role?" : nil)
            }
            return reply
        }
        let lifetime = ("X-aws-ec2-metadata-token-ttl-seconds", "300")
        let token = String(decoding: try await ask("PUT", "/latest/api/token", lifetime).body, as: UTF8.self)
        let header = ("X-aws-ec2-metadata-token", token)
        let folder = "/latest/meta-data/iam/security-credentials/"
        let roles = String(decoding: try await ask("GET", folder, header).body, as: UTF8.self)
        guard let role = roles.split(whereSeparator: \.isNewline).first else {
            throw SecretFailure(.forbidden, "\(name) names no role")
        }
        let reply = try await ask("GET", folder + PercentEncoding.encode(String(role)), header)
        return try Self.read(reply.json, token: "Token", source: "the EC2 metadata service")
    }
}
