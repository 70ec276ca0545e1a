import Glibc
import OpsCore
import OpsSystem
import Synchronization

/// The digests of files that were read or are recorded, so that an unchanged file is not read again.
///
/// What is known of a file is kept only where its identity proves it (see `FileIdentity.isRacy`).
final class ContentDigests: Sendable {
    private let known = Mutex<[FileIdentity: ContentDigest]>([:])

    /// More than this is read on a thread of its own.
    private static let inlineLimit = 1 << 20

    /// Takes in what a record proves.
    func learn(_ states: [FileState]) {
        known.withLock { known in
            for state in states where !state.isRacy && state.identity != .none { known[state.identity] = state.digest }
        }
    }

    /// The states of files, in their order; reads those whose digests are not known.
    ///
    /// Throws: an `OpsError` with the path of one that cannot be read; `CancellationError`.
    func states(of files: [FoundFile]) async throws -> [FileState] {
        var states: [FileState] = []
        states.reserveCapacity(files.count)
        var unread: [Int] = []
        var size = 0
        for (index, file) in files.enumerated() {
            let kind = FileState.kind(of: file.status)
            var state = FileState(path: file.path, kind: kind)
            switch kind {
            case .folder, .other: break
            case .link: unread.append(index)
            case .file, .executable:
                state.identity = FileIdentity(file.status)
                if let digest = known.withLock({ $0[state.identity] }) {
                    state.digest = digest
                } else {
                    unread.append(index)
                    size += file.status.size
                }
            }
            states.append(state)
        }
        guard !unread.isEmpty else { return states }
        let (wanted, places) = (unread.map { files[$0] }, unread)
        // A thread costs more than reading a few small files.
        let isSmall = size <= Self.inlineLimit && wanted.count <= 256
        let found =
            isSmall
            ? try wanted.map { try read($0) { false } }
            : try await onThread { flag in try wanted.map { try self.read($0) { flag.isCancelled } } }
        for (index, state) in zip(places, found) { states[index] = state }
        return states
    }

    private func read(_ file: FoundFile, _ isCancelled: () -> Bool) throws -> FileState {
        if file.status.kind == .link { return try readLink(file, isCancelled) }
        // Not O_NOFOLLOW alone: a pipe that took the file's name would be waited for.
        let descriptor = open(file.absolutePath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw OpsError.system("read", file.absolutePath) }
        defer { close(descriptor) }
        let before = try status(descriptor, file)
        var state = FileState(path: file.path, kind: FileState.kind(of: before), identity: FileIdentity(before))
        state.isRacy = state.identity.isRacy(at: Self.now)
        state.digest = try ContentDigest(ofFile: descriptor, path: file.absolutePath, isCancelled: isCancelled)
        if FileIdentity(try status(descriptor, file)) != state.identity { state.isRacy = true }
        learn([state])
        return state
    }

    /// A link is where it points to, and the content of the file there: both are asked each time.
    private func readLink(_ file: FoundFile, _ isCancelled: () -> Bool) throws -> FileState {
        var bytes = Array(try OpsSystem.readLink(file.absolutePath).utf8)
        if let target = FileStatus.find(file.absolutePath), target.kind == .file {
            let identity = FileIdentity(target)
            var digest = known.withLock { $0[identity] }
            if digest == nil {
                let descriptor = open(file.absolutePath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                guard descriptor >= 0 else { throw OpsError.system("read", file.absolutePath) }
                defer { close(descriptor) }
                digest = try ContentDigest(ofFile: descriptor, path: file.absolutePath, isCancelled: isCancelled)
            }
            bytes += [0] + (digest?.hexadecimal ?? "").utf8
        }
        return FileState(path: file.path, kind: .link, digest: ContentDigest(of: bytes), isRacy: true)
    }

    private func status(_ descriptor: Int32, _ file: FoundFile) throws(OpsError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read", file.absolutePath) }
        return FileStatus(status)
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(truncatingIfNeeded: time.tv_sec &* 1_000_000_000 &+ time.tv_nsec)
    }
}
