import Logging
import OpsCore
import OpsPlugin
import OrderedCollections

/// Reading of AWS Systems Manager Parameter Store (API version 2014-11-06).
struct ParameterStore: AWSStore {
    /// What one read gets: a parameter, or an older version of it.
    struct Key: AWSStoreKey {
        /// Without selector.
        var name: String
        /// A version or a label.
        var selector: String?
        var account: AWSAccount

        init(_ reference: SecretReference) {
            let inPath = ParameterStore.selector(reference.path)
            name = inPath.map { String(reference.path.dropLast($0.count + 1)) } ?? reference.path
            selector = reference.options["version"] ?? reference.options["label"] ?? inPath
            account = AWSAccount(
                profile: reference.options["profile"],
                region: reference.options["region"] ?? AWSResourceName(reference.path)?.region)
        }

        /// As the service takes it.
        var text: String { selector.map { name + ":" + $0 } ?? name }
        /// For messages.
        var place: String { "parameter '\(text)' in AWS Systems Manager" }
    }

    /// The most that GetParameters takes.
    private static let batchSize = 10

    private let client: AWSClient

    init(_ account: AWSAccount, _ context: SecretContext, retryDelay: Duration) throws(SecretFailure) {
        client = try AWSClient(.parameters, target: "AmazonSSM", account, context, retryDelay: retryDelay)
    }

    /// What stands behind the last colon of a name, or of the last part of an ARN.
    static func selector(_ path: String) -> String? {
        let resource = AWSResourceName(path)?.resource ?? path
        return resource.lastIndex(of: ":").map { String(resource[resource.index(after: $0)...]) }
    }

    /// The values of parameters, each read once: ten together, one by one where that is refused.
    func read(_ keys: OrderedSet<Key>) async -> [Key: Result<[UInt8], SecretFailure>] {
        let answers = await gatherResults(Self.batches(keys)) { (batch) async throws(SecretFailure) in
            try await readBatch(batch)
        }
        var results: [Key: Result<[UInt8], SecretFailure>] = [:]
        for (batch, answer) in answers {
            switch answer {
            case .success(let found): results.merge(found) { $1 }
            case .failure(let failure): for key in batch { results[key] = .failure(failure) }
            }
        }
        let rest = keys.filter { results[$0] == nil }
        let single = await gatherResults(rest) { (key) async throws(SecretFailure) in try await read(key) }
        return results.merging(single) { $1 }
    }

    /// Ten at most, and no name twice: an answer does not say which selector it is for.
    static func batches(_ keys: OrderedSet<Key>) -> [[Key]] {
        var batches: [[Key]] = []
        for key in keys {
            let place = batches.firstIndex { batch in
                batch.count < batchSize && !batch.contains { $0.name == key.name }
            }
            if let place { batches[place].append(key) } else { batches.append([key]) }
        }
        return batches
    }

    /// What one batch gives; what it leaves out is to be read alone. Nothing where a part of it is refused, which the
    /// service answers for the whole.
    private func readBatch(_ keys: [Key]) async throws(SecretFailure) -> [Key: Result<[UInt8], SecretFailure>] {
        let names = Value.list(keys.map { .string($0.text) })
        let answer: Value
        switch try await client.call("GetParameters", ["Names": names, "WithDecryption": .boolean(true)]) {
        case .success(let value): answer = value
        case .failure(let failure):
            guard failure.reason == .unreachable else {
                client.chain.context.logger.debug("GetParameters: \(failure.code); parameters are read one by one")
                return [:]
            }
            throw failure.failure(of: "AWS Systems Manager in \(client.region)")
        }
        var results: [Key: Result<[UInt8], SecretFailure>] = [:]
        for parameter in answer["Parameters"]?.listValue ?? [] {
            let names = [parameter["Name"]?.stringValue, parameter["ARN"]?.stringValue]
            for key in keys where names.contains(key.name) {
                results[key] = Result { () throws(SecretFailure) in try Self.content(of: parameter, key) }
            }
        }
        for name in answer["InvalidParameters"]?.listValue ?? [] {
            for key in keys where name.stringValue == key.text {
                results[key] = .failure(SecretFailure(.missing, "there is no \(key.place) (\(client.region))"))
            }
        }
        return results
    }

    private func read(_ key: Key) async throws(SecretFailure) -> [UInt8] {
        let input: ValueMap = ["Name": .string(key.text), "WithDecryption": .boolean(true)]
        switch try await client.call("GetParameter", input) {
        case .success(let value): return try Self.content(of: value["Parameter"] ?? .null, key)
        case .failure(let failure): throw failure.failure(of: "\(key.place) (\(client.region))")
        }
    }

    private static func content(of parameter: Value, _ key: Key) throws(SecretFailure) -> [UInt8] {
        guard let text = parameter["Value"]?.stringValue else {
            throw SecretFailure(.invalid, "the answer for \(key.place) holds no value")
        }
        return Array(text.utf8)
    }

    /// Asks for the metadata (DescribeParameters), which holds no value.
    func probe(_ key: Key) async throws(SecretFailure) -> SecretProbe {
        var name = key.name
        if let arn = AWSResourceName(name) {
            // `parameter/a` is the parameter `a`, `parameter/a/b` is `/a/b`.
            let rest = arn.resource.drop { $0 != "/" }
            name = rest.dropFirst().contains("/") ? String(rest) : String(rest.dropFirst())
        }
        let filter: ValueMap = [
            "Key": .string("Name"), "Option": .string("Equals"), "Values": .list([.string(name)]),
        ]
        let value: Value
        switch try await client.call("DescribeParameters", ["ParameterFilters": .list([.map(filter)])]) {
        case .success(let found): value = found
        case .failure(let failure):
            var told = failure.failure(of: "\(key.place) (\(client.region))")
            if told.reason == .forbidden, failure.code.hasPrefix("AccessDenied") {
                told.hint = "checking needs ssm:DescribeParameters; reading may be allowed all the same"
            }
            throw told
        }
        guard let parameter = value["Parameters"]?.listValue?.first(where: { $0["Name"]?.stringValue == name }) else {
            throw SecretFailure(.missing, "there is no parameter '\(name)' in AWS Systems Manager (\(client.region))")
        }
        let current = parameter["Version"]?.integerValue ?? 1
        if let wanted = key.selector.flatMap({ Int($0) }), wanted > current {
            throw SecretFailure(.missing, "parameter '\(name)' has no version \(wanted); the newest is \(current)")
        }
        let expires = Self.expiration(parameter)
        var text = "version \(key.selector ?? String(current))"
        if key.selector != nil { text += " if it is still kept, newest is \(current)" }
        if let date = parameter["LastModifiedDate"].flatMap(SecretsManager.day) { text += ", changed \(date)" }
        if let expires { text += ", expires \(Timestamp.iso8601(expires).prefix(10))" }
        return SecretProbe(text, version: key.selector ?? String(current), expires: expires)
    }

    /// When an Expiration policy deletes the parameter.
    private static func expiration(_ parameter: Value) -> Double? {
        for policy in parameter["Policies"]?.listValue ?? [] where policy["PolicyType"]?.stringValue == "Expiration" {
            let text = policy["PolicyText"]?.stringValue ?? ""
            let value = try? JSONReader.value(text)
            if let time = value?["Attributes"]?["Timestamp"]?.stringValue { return AWSCredentialChain.time(time) }
        }
        return nil
    }
}
