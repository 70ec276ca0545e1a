import Logging
import OpsCore
import OpsPlugin
import OrderedCollections

/// Reading of AWS Secrets Manager (API version 2017-10-17).
struct SecretsManager: AWSStore {
    /// What one read gets: a version of a secret.
    struct Key: AWSStoreKey {
        var id: String
        var stage: String?
        var version: String?
        var account: AWSAccount

        init(_ reference: SecretReference) {
            id = reference.path
            stage = reference.options["version-stage"]
            version = reference.options["version-id"]
            account = AWSAccount(
                profile: reference.options["profile"],
                region: reference.options["region"] ?? AWSResourceName(reference.path)?.region)
        }

        /// For messages.
        var place: String { "secret '\(id)' in AWS Secrets Manager" }
        var isCurrent: Bool { version == nil && (stage ?? "AWSCURRENT") == "AWSCURRENT" }
    }

    /// The most that BatchGetSecretValue takes.
    private static let batchSize = 20

    private let client: AWSClient

    init(_ account: AWSAccount, _ context: SecretContext, retryDelay: Duration) throws(SecretFailure) {
        client = try AWSClient(
            .secretsManager, target: "secretsmanager", account, context, retryDelay: retryDelay)
    }

    /// The contents of secrets, each read once: the current ones together, the others one by one.
    func read(_ keys: OrderedSet<Key>) async -> [Key: Result<[UInt8], SecretFailure>] {
        let current = keys.filter(\.isCurrent)
        var results: [Key: Result<[UInt8], SecretFailure>] = [:]
        if current.count > 1 {
            let batches = stride(from: 0, to: current.count, by: Self.batchSize).map { start in
                Array(current.elements[start..<min(start + Self.batchSize, current.count)])
            }
            let answers = await gatherResults(batches) { (batch) async throws(SecretFailure) in
                try await readBatch(batch)
            }
            for (batch, answer) in answers {
                switch answer {
                case .success(let found): results.merge(found) { $1 }
                case .failure(let failure): for key in batch { results[key] = .failure(failure) }
                }
            }
        }
        let rest = keys.filter { results[$0] == nil }
        let answers = await gatherResults(rest) { (key) async throws(SecretFailure) in try await read(key) }
        return results.merging(answers) { $1 }
    }

    /// What one batch gives; what it leaves out is to be read alone. Nothing where the batch is not allowed.
    private func readBatch(_ keys: [Key]) async throws(SecretFailure) -> [Key: Result<[UInt8], SecretFailure>] {
        let ids = Value.list(keys.map { .string($0.id) })
        let answer: Value
        switch try await client.call("BatchGetSecretValue", ["SecretIdList": ids]) {
        case .success(let value): answer = value
        case .failure(let failure):
            guard failure.reason == .unreachable else {
                client.chain.context.logger.debug("BatchGetSecretValue: \(failure.code); secrets are read one by one")
                return [:]
            }
            throw failure.failure(of: "AWS Secrets Manager in \(client.region)")
        }
        var results: [Key: Result<[UInt8], SecretFailure>] = [:]
        for value in answer["SecretValues"]?.listValue ?? [] {
            for key in keys where Self.isValue(value, of: key.id) {
                results[key] = Result { () throws(SecretFailure) in try Self.content(of: value, key) }
            }
        }
        for error in answer["Errors"]?.listValue ?? [] {
            let failure = AWSFailure(
                code: error["ErrorCode"]?.stringValue ?? "", message: error["Message"]?.stringValue ?? "")
            for key in keys where key.id == error["SecretId"]?.stringValue && failure.reason != .unreachable {
                results[key] = .failure(failure.failure(of: key.place))
            }
        }
        return results
    }

    /// True where the value is of that name, ARN, or ARN without its six random characters.
    private static func isValue(_ value: Value, of id: String) -> Bool {
        guard let arn = value["ARN"]?.stringValue else { return value["Name"]?.stringValue == id }
        return id == arn || id == value["Name"]?.stringValue || id == arn.dropLast(7) && arn.hasPrefix(id + "-")
    }

    private func read(_ key: Key) async throws(SecretFailure) -> [UInt8] {
        var input: ValueMap = ["SecretId": .string(key.id)]
        if let stage = key.stage { input["VersionStage"] = .string(stage) }
        if let version = key.version { input["VersionId"] = .string(version) }
        switch try await client.call("GetSecretValue", input) {
        case .success(let value): return try Self.content(of: value, key)
        case .failure(let failure): throw failure.failure(of: "\(key.place) (\(client.region))")
        }
    }

    private static func content(of value: Value, _ key: Key) throws(SecretFailure) -> [UInt8] {
        if let text = value["SecretString"]?.stringValue { return Array(text.utf8) }
        if let text = value["SecretBinary"]?.stringValue, let bytes = Base64.decode(Array(text.utf8)) { return bytes }
        throw SecretFailure(.invalid, "the answer for \(key.place) holds neither text nor bytes")
    }

    /// Asks for the metadata (DescribeSecret), which holds no value.
    func probe(_ key: Key) async throws(SecretFailure) -> SecretProbe {
        let value: Value
        switch try await client.call("DescribeSecret", ["SecretId": .string(key.id)]) {
        case .success(let found): value = found
        case .failure(let failure):
            var told = failure.failure(of: "\(key.place) (\(client.region))")
            if told.reason == .forbidden, failure.code.hasPrefix("AccessDenied") {
                told.hint = "checking needs secretsmanager:DescribeSecret; reading may be allowed all the same"
            }
            throw told
        }
        if let date = value["DeletedDate"].flatMap(Self.day) {
            throw SecretFailure(
                .missing, "\(key.place) is marked for deletion on \(date)",
                hint: "aws secretsmanager restore-secret brings it back before that day")
        }
        let stages = value["VersionIdsToStages"]?.mapValue ?? [:]
        let stage = key.stage ?? "AWSCURRENT"
        let version = stages.first { id, stages in
            key.version.map { $0 == id } ?? (stages.listValue ?? []).contains(.string(stage))
        }
        guard let version = version?.key else {
            throw SecretFailure(.missing, "\(key.place) has no version '\(key.version ?? stage)'")
        }
        var text = "version \(version.prefix(8))"
        if let date = value["LastChangedDate"].flatMap(Self.day) { text += ", changed \(date)" }
        if let date = value["LastRotatedDate"].flatMap(Self.day) { text += ", rotated \(date)" }
        if let date = value["NextRotationDate"].flatMap(Self.day) { text += ", rotates next by \(date)" }
        return SecretProbe(text, version: version)
    }

    /// The day of a time in seconds since 1970, which JSON 1.1 writes as a number.
    static func day(_ value: Value) -> String? {
        value.scalarText.flatMap { Double($0) }.map { String(Timestamp.iso8601($0).prefix(10)) }
    }
}
