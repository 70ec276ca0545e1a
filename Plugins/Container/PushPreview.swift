import OpsCore
import OpsHTTP
import OpsRegistry

/// What a push would do to its places, asked of the registries by read-only requests (`ops plan --online`).
struct PushPreview {
    private let content: ImagePush.Content
    private let access: RegistryAccess
    private let environment: [String: String]
    private var clients: [RegistryHost: RegistryClient] = [:]
    /// By repository.
    private var uploads: [String: String] = [:]

    init(_ content: ImagePush.Content, _ access: RegistryAccess, environment: [String: String]) {
        self.content = content
        self.access = access
        self.environment = environment
    }

    /// `2 of 3 blobs to send, 12.3 MB; tag 1.2 moves from sha256:0a1b2c3d4e5f`; or why that cannot be told.
    mutating func detail(of place: ImageReference) async -> String {
        do {
            let client = try clients[place.host] ?? access.client(place.host, environment: environment)
            clients[place.host] = client
            let known = uploads[place.name]
            let upload: String
            if let known { upload = known } else { upload = try await self.upload(to: place.repository, client) }
            uploads[place.name] = upload
            return "\(upload); \(try await tag(place, client))"
        } catch {
            return "the registry could not be asked: \(OpsError.text(of: error))"
        }
    }

    private func upload(to repository: RepositoryName, _ client: RegistryClient) async throws -> String {
        if try await client.manifestDigest(repository, content.root.digest.description) != nil {
            return "nothing to send"
        }
        let blobs = try content.blobs
        var missing: [Descriptor] = []
        for blob in blobs where try await !client.hasBlob(repository, blob.descriptor) {
            missing.append(blob.descriptor)
        }
        let size = missing.reduce(0) { $0 + $1.size }
        return
            "\(missing.count) of \(blobs.count) \(blobs.count == 1 ? "blob" : "blobs") to send, \(ByteSize.text(size))"
    }

    private func tag(_ place: ImageReference, _ client: RegistryClient) async throws -> String {
        let tag = try place.tag ?? Tag("latest")
        guard let digest = try await client.manifestDigest(place.repository, tag.description) else {
            return "tag \(tag) is new"
        }
        // Enough to tell two images apart; the whole digest would fill the line.
        return digest == content.root.digest
            ? "tag \(tag) names it already" : "tag \(tag) moves from \(digest.algorithm):\(digest.hex.prefix(12))"
    }
}
