import Glibc
import OpsCore
package import OpsSystem

/// Unpacks an archive into a folder that appears whole, or not at all.
///
/// The rules are those of Python's PEP 706 `data` filter, and stricter: a path that is absolute or has `..`, a
/// link that could lead outside, a device, pipe or socket, and a path given twice are errors that name the entry,
/// and nothing is left behind. Permissions lose setuid, setgid, sticky and the write bits of group and others;
/// owners are the caller's.
package struct ArchiveExtractor: Sendable {
    package var limits = ArchiveLimits()
    /// How many leading names of each path to drop; what has no more is left out.
    package var strip = 0
    /// Whether a folder that is there and not empty may be replaced.
    package var replaces = false

    package init() {}

    /// Unpacks everything. Blocking: on a thread of its own.
    ///
    /// - Parameters:
    ///   - archive: path of the archive.
    ///   - target: absolute path of the folder to make; folders above it are made too.
    /// Returns: the number of entries unpacked.
    /// Throws: an `OpsError`: `forbidden` for what is unsafe or past a limit, `invalid` for damage or where the
    /// target is there; `CancellationError`.
    package func extract(
        _ archive: String, to target: String, cancellation: CancellationFlag = CancellationFlag(),
        progress: (Int) -> Void = { _ in }
    ) throws -> Int {
        let descriptor = open(archive, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OpsError.system("open", archive) }
        defer { close(descriptor) }
        let reader = try ArchiveReader(descriptor: descriptor, name: archive, limits: limits)
        let target = target.utf8.count > 1 && target.hasSuffix("/") ? String(target.dropLast()) : target
        let parent = parentFolder(of: target)
        try checkTarget(target)
        try makeFolders(parent)
        let name = target.split(separator: "/").last.map(String.init) ?? ""
        let staging = "\(parent)/.\(name.prefix(60)).ops-\(String(UInt64(getpid()) << 20 ^ Clock.ticks(), radix: 36))"
        do {
            let count = try unpack(reader, into: staging, archive, cancellation, progress)
            try put(staging, in: target)
            return count
        } catch {
            try? removeTree(staging)
            throw error
        }
    }

    private func checkTarget(_ target: String) throws(OpsError) {
        guard let status = FileStatus.find(target, followsLinks: false) else { return }
        guard status.kind == .folder else {
            throw OpsError(.invalid, "cannot unpack to '\(target)': something that is no folder has its name")
        }
        if !replaces, rmdirWouldFail(target) {
            throw OpsError(
                .invalid, "cannot unpack to '\(target)': the folder is not empty",
                hint: "set 'replace: true' to replace it")
        }
    }

    private func rmdirWouldFail(_ path: String) -> Bool {
        guard let stream = opendir(path) else { return true }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        // `.` and `..` are always there.
        return count > 2
    }

    private func unpack(
        _ reader: ArchiveReader, into staging: String, _ archive: String, _ cancellation: CancellationFlag,
        _ progress: (Int) -> Void
    ) throws -> Int {
        var folder = try ExtractionFolder(staging, limit: limits.entries)
        var count = 0
        while let member = try reader.next() {
            try cancellation.check()
            do {
                guard let names = try path(member.path) else { continue }
                try place(member, names, &folder, reader, cancellation)
            } catch let error as OpsError {
                throw OpsError(
                    error.code, "'\(quoted(member.path))' of '\(archive)' cannot be unpacked: \(error.message)",
                    hint: error.hint)
            }
            count += 1
            progress(count)
        }
        // The umask is for what people make; the archive's root gets what a folder usually has.
        chmod(staging, 0o755)
        return count
    }

    /// The names of a path, stripped; nil where nothing is left.
    private func path(_ text: String) throws(OpsError) -> [String]? {
        guard !text.hasPrefix("/") else { throw OpsError(.forbidden, "its path is absolute") }
        let names = text.split(separator: "/").filter { $0 != "." }.map(String.init)
        guard !names.contains("..") else { throw OpsError(.forbidden, "its path has '..'") }
        guard names.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw OpsError(.forbidden, "a name of more than 255 bytes")
        }
        return names.count > strip ? Array(names.dropFirst(strip)) : nil
    }

    private func place(
        _ member: ArchiveMember, _ names: [String], _ folder: inout ExtractionFolder, _ reader: ArchiveReader,
        _ cancellation: CancellationFlag
    ) throws {
        switch member.kind {
        case .directory: try folder.makeFolder(names, mode: member.mode)
        case .file:
            try folder.makeFile(names, mode: member.mode, modified: member.modified) { descriptor in
                try reader.read { bytes in
                    try cancellation.check()
                    try writeAll(bytes, to: descriptor, path: member.path)
                }
            }
        case .symlink:
            try folder.makeLink(names, to: member.target ?? "")
        case .hardlink:
            guard let target = try path(member.target ?? "") else {
                throw OpsError(.forbidden, "it is a hard link to what is left out")
            }
            try folder.makeHardLink(names, to: target)
        case .other: throw OpsError(.forbidden, "it is a device, pipe or socket")
        }
    }

    private func put(_ staging: String, in target: String) throws(OpsError) {
        // Takes the place of an empty folder too.
        if rename(staging, target) != 0 {
            guard errno == ENOTEMPTY || errno == EEXIST else { throw .system("make the folder", target) }
            guard replaces else { throw OpsError(.invalid, "cannot unpack to '\(target)': the folder is not empty") }
            try exchangeFolders(staging, target)
            try removeTree(staging)
        }
        syncFolder(parentFolder(of: target))
    }
}
