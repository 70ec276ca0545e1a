import COpsSystem
package import Glibc
package import OpsCore

/// What a name in a folder is.
package enum FileKind: String, Sendable, Hashable {
    case file
    case folder
    case link
    /// A socket, pipe or device.
    case other
}

/// What the system says of a file (stat(2)).
package struct FileStatus: Sendable, Hashable {
    package var kind: FileKind
    /// Permission bits, at most `0o7777`.
    package var mode: UInt32
    /// In bytes.
    package var size: Int
    /// Of the content: whole seconds since 1970, and the nanoseconds past them.
    package var modified: Int
    package var modifiedNanoseconds: Int
    /// Of what is known of the file (its ctime), which nobody can set: whole seconds since 1970, and the nanoseconds
    /// past them.
    package var changed: Int
    package var changedNanoseconds: Int
    package var device: UInt64
    package var inode: UInt64
    package var owner: UInt32
    package var group: UInt32
    /// How many names the file has.
    package var linkCount: Int

    /// The status of a path. A link at its end is followed unless `followsLinks` is false.
    ///
    /// Throws: an `OpsError` with the path and the system's reason.
    package init(_ path: String, followsLinks: Bool = true) throws(OpsError) {
        var status = stat()
        guard fstatat(AT_FDCWD, path, &status, followsLinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .system("read", path)
        }
        self.init(status)
    }

    /// The status of a path, or nil where nothing is there or it cannot be asked.
    package static func find(_ path: String, followsLinks: Bool = true) -> FileStatus? {
        var status = stat()
        let flags = followsLinks ? 0 : AT_SYMLINK_NOFOLLOW
        return fstatat(AT_FDCWD, path, &status, flags) == 0 ? FileStatus(status) : nil
    }

    package init(_ status: stat) {
        kind =
            ops_is_regular(status.st_mode) != 0
            ? .file
            : ops_is_directory(status.st_mode) != 0
                ? .folder : ops_is_link(status.st_mode) != 0 ? .link : .other
        mode = status.st_mode & 0o7777
        size = Int(status.st_size)
        modified = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
        changed = status.st_ctim.tv_sec
        changedNanoseconds = status.st_ctim.tv_nsec
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        owner = status.st_uid
        group = status.st_gid
        linkCount = Int(status.st_nlink)
    }
}
