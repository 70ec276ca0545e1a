import Glibc
package import OpsCore
import OpsSystem

/// A folder that an archive is unpacked into, reached only through descriptors: no name in it is ever followed
/// as a link, so nothing can be written outside.
package struct ExtractionFolder: ~Copyable {
    /// Where it lies, for messages and for the end.
    package let path: String
    private let root: Int32
    /// Files, links and folders that may be made, those on the way to others counted: one path may name a hundred.
    private let limit: Int
    private var count = 0
    /// The folder that the last entry lay in: most entries share it with the one before.
    private var last: (names: [String], descriptor: Int32)?

    /// Makes the folder; the one above it must exist.
    ///
    /// - Parameter limit: files, links and folders in it at most.
    package init(_ path: String, limit: Int = .max) throws(OpsError) {
        self.limit = limit
        guard mkdir(path, 0o700) == 0 else { throw .system("make the folder", path) }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        self.path = path
        root = descriptor
    }

    deinit {
        if let last { close(last.descriptor) }
        close(root)
    }

    /// The open folder of these names, made where it is missing. Belongs to this object.
    mutating func folder(_ names: [String]) throws(OpsError) -> Int32 {
        if names.isEmpty { return root }
        if let last, last.names == names { return last.descriptor }
        var descriptor = fcntl(root, F_DUPFD_CLOEXEC, 3)
        for (depth, name) in names.enumerated() {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            var next = openat(descriptor, name, flags)
            if next < 0, errno == ENOENT {
                do throws(OpsError) { try countOne() } catch {
                    close(descriptor)
                    throw error
                }
                if mkdirat(descriptor, name, 0o755) == 0 { next = openat(descriptor, name, flags) }
            }
            let number = errno
            close(descriptor)
            guard next >= 0 else {
                let place = quoted(names[...depth].joined(separator: "/"))
                if number == ELOOP || number == ENOTDIR {
                    throw OpsError(.forbidden, "it lies below '\(place)', which is a link or a file in the archive")
                }
                throw .system("make the folder", place, number)
            }
            descriptor = next
        }
        if let last { close(last.descriptor) }
        last = (names, descriptor)
        return descriptor
    }

    private mutating func countOne() throws(OpsError) {
        count += 1
        guard count <= limit else {
            throw OpsError(
                .forbidden, "there are more than \(limit) files, links and folders with it",
                hint: "raise the limit if you trust it")
        }
    }

    mutating func makeFolder(_ names: [String], mode: UInt32) throws(OpsError) {
        let descriptor = try folder(names)
        guard fchmod(descriptor, mode & 0o755 | 0o700) == 0 else {
            throw .system("make the folder", names.joined(separator: "/"))
        }
    }

    /// Makes a new file, filled by `fill`.
    package mutating func makeFile(
        _ names: [String], mode: UInt32, modified: Int, _ fill: (Int32) throws -> Void
    ) throws {
        let parent = try folder(names.dropLast())
        try countOne()
        let descriptor = openat(
            parent, names.last ?? "", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.refused(names) }
        defer { close(descriptor) }
        try fill(descriptor)
        var times = [timespec(tv_sec: modified, tv_nsec: 0), timespec(tv_sec: modified, tv_nsec: 0)]
        guard fchmod(descriptor, mode & 0o755 | 0o600) == 0, futimens(descriptor, &times) == 0 else {
            throw OpsError.system("write", names.joined(separator: "/"))
        }
    }

    /// Makes a symbolic link.
    ///
    /// A link may climb only from its own folder, which is a real one, and not above the root; after that it may
    /// only go down. Then no chain of links leads outside: each link's end is inside, and so is what is below it.
    ///
    /// Throws: an `OpsError` (`forbidden`) where it could lead outside.
    package mutating func makeLink(_ names: [String], to target: String) throws(OpsError) {
        try Self.check(linkTarget: target, from: names)
        try countOne()
        guard symlinkat(target, try folder(names.dropLast()), names.last ?? "") == 0 else { throw Self.refused(names) }
    }

    /// Another name for a regular file that is there already.
    mutating func makeHardLink(_ names: [String], to target: [String]) throws(OpsError) {
        // A descriptor of its own: `folder` may close the one it gave before.
        let source = fcntl(try folder(target.dropLast()), F_DUPFD_CLOEXEC, 3)
        defer { close(source) }
        var status = stat()
        guard fstatat(source, target.last ?? "", &status, AT_SYMLINK_NOFOLLOW) == 0, FileStatus(status).kind == .file
        else {
            throw OpsError(
                .forbidden,
                "it is a hard link to '\(quoted(target.joined(separator: "/")))', which is no file of the archive")
        }
        try countOne()
        guard linkat(source, target.last ?? "", try folder(names.dropLast()), names.last ?? "", 0) == 0 else {
            throw Self.refused(names)
        }
    }

    /// Throws: an `OpsError` (`forbidden`) where a link of these names to `target` could lead out of the folder.
    package static func check(linkTarget target: String, from names: [String]) throws(OpsError) {
        let shown = quoted(target)
        guard !target.isEmpty, !target.hasPrefix("/") else {
            throw OpsError(.forbidden, "it is a link to '\(shown)', which is absolute or empty")
        }
        let parts = target.split(separator: "/").filter { $0 != "." }
        let climbs = parts.prefix { $0 == ".." }.count
        guard climbs < names.count, !parts.dropFirst(climbs).contains("..") else {
            throw OpsError(.forbidden, "it is a link to '\(shown)', which can lead outside")
        }
    }

    private static func refused(_ names: [String]) -> OpsError {
        if errno == EEXIST { return OpsError(.forbidden, "the archive has that path twice") }
        return .system("write", quoted(names.joined(separator: "/")))
    }
}
