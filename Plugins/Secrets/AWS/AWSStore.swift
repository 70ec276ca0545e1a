import OpsPlugin
import OrderedCollections

/// What one read gets from AWS.
protocol AWSStoreKey: SecretKey {
    var account: AWSAccount { get }
}

/// A store of secrets in one account and region of AWS.
protocol AWSStore: Sendable {
    associatedtype Key: AWSStoreKey

    /// Throws: a `SecretFailure` (`invalid`) where settings cannot be used.
    init(_ account: AWSAccount, _ context: SecretContext, retryDelay: Duration) throws(SecretFailure)

    /// The contents, each read once.
    func read(_ keys: OrderedSet<Key>) async -> [Key: Result<[UInt8], SecretFailure>]

    func probe(_ key: Key) async throws(SecretFailure) -> SecretProbe
}

/// A provider of what such a store holds.
protocol AWSStoreProvider: KeyedProvider where Key == Store.Key {
    associatedtype Store: AWSStore

    /// The wait before the second attempt.
    var retryDelay: Duration { get }
}

extension AWSStoreProvider {
    func read(
        _ keys: OrderedSet<Store.Key>, _ context: SecretContext
    ) async -> [Store.Key: Result<[UInt8], SecretFailure>] {
        var accounts: OrderedDictionary<AWSAccount, OrderedSet<Store.Key>> = [:]
        for key in keys { accounts[key.account, default: []].append(key) }
        var contents: [Store.Key: Result<[UInt8], SecretFailure>] = [:]
        for (account, keys) in accounts {
            do throws(SecretFailure) {
                let store = try Store(account, context, retryDelay: retryDelay)
                contents.merge(await store.read(keys)) { $1 }
            } catch {
                for key in keys { contents[key] = .failure(error) }
            }
        }
        return contents
    }

    func probe(of key: Store.Key, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe {
        try await Store(key.account, context, retryDelay: retryDelay).probe(key)
    }
}
