import OpsPlugin
import OrderedCollections

/// What one read gets, of which several references may pick parts.
protocol SecretKey: Hashable, Sendable {
    init(_ reference: SecretReference)

    /// Names it in messages.
    var place: String { get }
}

/// A provider that reads once what several references name.
protocol KeyedProvider: ProbingProvider {
    associatedtype Key: SecretKey

    /// The contents; a key without one was not asked for any more.
    func read(_ keys: OrderedSet<Key>, _ context: SecretContext) async -> [Key: Result<[UInt8], SecretFailure>]

    func probe(of key: Key, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe
}

extension KeyedProvider {
    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        let contents = await read(OrderedSet(references.map { Key($0) }), context)
        return references.map { reference in
            Result { () throws(SecretFailure) in
                let key = Key(reference)
                guard let result = contents[key] else {
                    throw SecretFailure(.unreachable, "the request was cancelled")
                }
                return try SecretSelection(reference).apply(to: try result.get(), place: key.place)
            }
        }
    }

    func probed(_ reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe {
        try await probe(of: Key(reference), context)
    }
}
