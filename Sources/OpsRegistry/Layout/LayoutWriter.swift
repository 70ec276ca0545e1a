import Glibc
package import OpsCore
import OpsHTTP
import OpsSystem
import OrderedCollections

/// Builds images in a staging folder and puts them into a layout at once.
///
/// Until `commit` the layout is untouched; what was never committed is removed with the last reference, and what a
/// killed process left is removed by the next writer of the layout.
package final class LayoutWriter: Sendable {
    /// The staging folder, itself of a layout's shape: `blobs/sha256/…`.
    package let staging: ImageLayout
    /// The layout's folder.
    package let path: String
    /// The staging folder, locked: nobody takes it for a leftover.
    private let lock: Int32

    /// Makes the staging folder beside the layout's.
    ///
    /// Throws: an `OpsError` where it cannot be made, or where the path is a folder with something else in it.
    package init(_ path: String) throws(OpsError) {
        let path = path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.path = path
        if FileStatus.find(path) != nil, !Self.isEmptyFolder(path) { _ = try ImageLayout(path: path).index() }
        let parent = parentFolder(of: path)
        try makeFolders(parent)
        let name = path.split(separator: "/").last.map(String.init) ?? "layout"
        let prefix = ".\(name.prefix(60)).ops-"
        Self.removeLeftovers(prefix, in: parent)
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("make a folder in", parent) }
        let bytes = template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        staging = ImageLayout(path: String(decoding: bytes, as: UTF8.self))
        lock = open(staging.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        _ = flock(lock, LOCK_EX | LOCK_NB)
        try makeFolders(staging.path + "/blobs/sha256", mode: 0o755)
    }

    deinit {
        discard()
        if lock >= 0 { close(lock) }
    }

    /// Removes staging folders whose process is gone. What cannot be removed is no obstacle.
    private static func removeLeftovers(_ prefix: String, in parent: String) {
        for name in (try? names(in: parent)) ?? [] where name.hasPrefix(prefix) {
            let path = "\(parent)/\(name)"
            // A new one is not locked yet.
            guard let status = FileStatus.find(path, followsLinks: false), status.kind == .folder,
                Timestamp.now - Double(status.modified) > 60
            else { continue }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try? removeTree(path) }
        }
    }

    /// Removes the staging folder now: after a failure nothing of it may be left when the caller goes on, and a thread
    /// that has done its work may hold the last reference a moment longer.
    package func discard() { try? removeTree(staging.path) }

    /// Adds a blob. It is not synced before `commit`.
    @discardableResult
    package func add(_ bytes: [UInt8], mediaType: String) throws(OpsError) -> Descriptor {
        let descriptor = Descriptor(mediaType: mediaType, digest: Digest.sha256(of: bytes), size: bytes.count)
        try writeAtomically(bytes, to: staging.file(descriptor.digest), mode: 0o644)
        return descriptor
    }

    /// Adds a blob whose bytes come in pieces. Blocking.
    ///
    /// - Parameter body: gives the pieces, in order, to the function it is handed.
    /// Throws: what `body` throws, or an `OpsError`.
    package func add(
        mediaType: String, _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Descriptor {
        var template = Array((staging.path + "/blobs/sha256/.XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw OpsError.system("write", path) }
        defer {
            close(file)
            // Gone under this name where all went well.
            unlink(template)
        }
        var hasher = DigestHasher()
        var size = 0
        try body { bytes in
            hasher.update(bytes)
            size += bytes.count
            try writeAll(bytes, to: file, path: path)
        }
        let digest = hasher.finalize()
        guard fchmod(file, 0o644) == 0, rename(template, staging.file(digest)) == 0 else {
            throw OpsError.system("write", path)
        }
        return Descriptor(mediaType: mediaType, digest: digest, size: size)
    }

    /// Adds a blob of another source, verified. One that the layout holds already is taken from there.
    package func add(_ descriptor: Descriptor, from source: any ImageSource) async throws {
        guard !staging.holds(descriptor) else { return }
        let held = ImageLayout(path: path)
        if held.holds(descriptor), (try? await add(descriptor, from: held.blob(descriptor))) != nil { return }
        try await add(descriptor, from: try await source.blob(descriptor))
    }

    /// Puts the images into the layout.
    ///
    /// - Parameters:
    ///   - entry: what the layout's index gets; all it points to is in the staging folder.
    ///   - tag: the entry's name: it replaces the entry of that name and leaves the others. Without one the
    ///     layout holds this entry alone.
    /// Blobs that nothing in the layout points to any more are removed. Throws: an `OpsError`; the layout is then
    /// as it was, or has blobs that nothing points to.
    package func commit(_ entry: Descriptor, tag: Tag?) throws(OpsError) {
        var entry = entry
        if let tag { entry.annotations[Annotation.referenceName] = .string(tag.description) }
        try syncBlobs()
        try writeAtomically(
            Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8), to: staging.path + "/oci-layout", mode: 0o644)
        try writeIndex([entry], to: staging)
        // The same for everybody, whatever the umask.
        for folder in ["", "/blobs"] + (try Self.names(in: staging.path + "/blobs")).map({ "/blobs/\($0)" }) {
            guard chmod(staging.path + folder, 0o755) == 0 else { throw .system("write", path) }
        }
        if FileStatus.find(path) == nil || Self.isEmptyFolder(path) {
            // An empty folder is replaced by rename(2) itself; one that is filled meanwhile is not.
            if rename(staging.path, path) == 0 {
                syncFolder(parentFolder(of: path))
                return
            }
            guard errno == ENOTEMPTY || errno == EEXIST else { throw .system("write", path) }
        }
        try merge(entry, tag: tag)
    }

    private func merge(_ entry: Descriptor, tag: Tag?) throws(OpsError) {
        let lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw .system("open", path) }
        // Closing ends the lock. Held for moments, by others who put something into the same layout.
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 { guard errno == EINTR else { throw .system("lock", path) } }
        let layout = ImageLayout(path: path)
        let kept =
            tag == nil ? [] : try layout.index().manifests.filter { $0.referenceName != entry.referenceName }
        for (algorithm, name) in try Self.blobs(of: staging) {
            let folder = "\(path)/blobs/\(algorithm)"
            try makeFolders(folder, mode: 0o755)
            guard rename("\(staging.path)/blobs/\(algorithm)/\(name)", "\(folder)/\(name)") == 0 else {
                throw .system("write", "\(folder)/\(name)")
            }
        }
        syncFolder(path + "/blobs/sha256")
        try writeIndex(kept + [entry], to: layout)
        try prune(layout, keeping: kept + [entry])
    }

    /// The index is written last and in the order of names, so that it does not tell who came first.
    private func writeIndex(_ entries: [Descriptor], to layout: ImageLayout) throws(OpsError) {
        let sorted = entries.sorted {
            ($0.referenceName ?? "", $0.digest.description) < ($1.referenceName ?? "", $1.digest.description)
        }
        try writeAtomically(ImageIndex(manifests: sorted).document.bytes, to: layout.path + "/index.json", mode: 0o644)
    }

    private func prune(_ layout: ImageLayout, keeping entries: [Descriptor]) throws(OpsError) {
        var reached: Set<String> = []
        var waiting = entries
        while let descriptor = waiting.popLast() {
            guard reached.insert("\(descriptor.digest.algorithm)/\(descriptor.digest.hex)").inserted else { continue }
            let type = descriptor.mediaType
            guard MediaType.isIndex(type) || MediaType.isManifest(type) else { continue }
            guard layout.holds(descriptor) else { continue }
            let document = try layout.document(descriptor)
            waiting += document.isIndex ? try ImageIndex(document).manifests : try Manifest(document).blobs
        }
        for (algorithm, name) in try Self.blobs(of: layout) where !reached.contains("\(algorithm)/\(name)") {
            unlink("\(layout.path)/blobs/\(algorithm)/\(name)")
        }
    }

    private func add(_ descriptor: Descriptor, from stream: ByteStream) async throws {
        let path = staging.file(descriptor.digest)
        try makeFolders(parentFolder(of: path), mode: 0o755)
        let partial = path + ".partial"
        let file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw OpsError.system("write", partial) }
        defer { close(file) }
        for try await chunk in stream {
            try chunk.withUnsafeBytes { try writeAll($0, to: file, path: partial) }
        }
        guard fchmod(file, 0o644) == 0, rename(partial, path) == 0 else { throw OpsError.system("write", path) }
    }

    private func syncBlobs() throws(OpsError) {
        for (algorithm, name) in try Self.blobs(of: staging) {
            let file = "\(staging.path)/blobs/\(algorithm)/\(name)"
            let descriptor = open(file, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .system("open", file) }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 || errno == EINVAL else { throw .system("write", file) }
        }
    }

    private static func isEmptyFolder(_ path: String) -> Bool {
        FileStatus.find(path)?.kind == .folder && ((try? names(in: path))?.isEmpty ?? false)
    }

    private static func blobs(of layout: ImageLayout) throws(OpsError) -> [(algorithm: String, name: String)] {
        var blobs: [(String, String)] = []
        for algorithm in try names(in: layout.path + "/blobs") {
            for name in try names(in: "\(layout.path)/blobs/\(algorithm)") { blobs.append((algorithm, name)) }
        }
        return blobs
    }

    private static func names(in folder: String) throws(OpsError) -> [String] {
        guard let stream = opendir(folder) else { throw .system("list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
