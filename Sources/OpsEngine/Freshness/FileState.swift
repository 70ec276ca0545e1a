import OpsCore
import OpsSystem

/// What tells, without reading it, that a file's content is what it was: git's index trusts the same.
struct FileIdentity: Hashable, Sendable {
    var size: UInt64
    /// Nanoseconds since 1970: of the content, and of what is known of the file (which nobody can set).
    var modified: UInt64
    var changed: UInt64
    var device: UInt64
    var inode: UInt64

    static let none = FileIdentity(size: 0, modified: 0, changed: 0, device: 0, inode: 0)

    /// True where the file may change once more and look the same: its times are not older than the clock that stamps
    /// files can tell (a tick; two seconds where the file system keeps whole seconds only).
    func isRacy(at now: UInt64) -> Bool {
        let tick: UInt64 = modified % 1_000_000_000 == 0 ? 2_000_000_000 : 50_000_000
        return max(modified, changed) &+ tick > now
    }
}

extension FileIdentity {
    init(_ status: FileStatus) {
        func nanoseconds(_ seconds: Int, _ rest: Int) -> UInt64 {
            UInt64(truncatingIfNeeded: seconds &* 1_000_000_000 &+ rest)
        }
        size = UInt64(truncatingIfNeeded: status.size)
        modified = nanoseconds(status.modified, status.modifiedNanoseconds)
        changed = nanoseconds(status.changed, status.changedNanoseconds)
        device = status.device
        inode = status.inode
    }
}

/// One source or product of a task as it was found.
struct FileState: Sendable, Equatable {
    enum Kind: UInt8, Sendable { case file, executable, folder, link, other }

    /// As the pattern is written: relative to the task's folder, or absolute.
    var path: String
    var kind: Kind
    /// Of a file; none for others.
    var identity: FileIdentity
    /// Of a file its content; of a link where it points to, with the content of the file there.
    var digest: ContentDigest
    /// True where the identity does not prove the digest: it is read again.
    var isRacy: Bool

    static func kind(of status: FileStatus) -> Kind {
        switch status.kind {
        case .file: status.mode & 0o100 == 0 ? .file : .executable
        case .folder: .folder
        case .link: .link
        case .other: .other
        }
    }

    /// Whether two finds of one path are the same to what is made from it.
    func hasSameContent(as other: FileState) -> Bool { kind == other.kind && digest == other.digest }

    // MARK: In a record

    private static let racyBit: UInt8 = 0x80

    func write(to writer: inout RecordWriter) {
        writer.byte(kind.rawValue | (isRacy ? Self.racyBit : 0))
        writer.path(path)
        for number in [identity.size, identity.modified, identity.changed, identity.device, identity.inode] {
            writer.number(number)
        }
        digest.write(to: &writer)
    }

    init(path: String, kind: Kind, identity: FileIdentity = .none, digest: ContentDigest = .zero, isRacy: Bool = false)
    {
        self.path = path
        self.kind = kind
        self.identity = identity
        self.digest = digest
        self.isRacy = isRacy
    }

    init?(_ reader: inout RecordReader) {
        guard let raw = RawFileState(&reader) else { return nil }
        self.init(
            path: String(decoding: raw.path.dropLast(), as: UTF8.self), kind: raw.kind, identity: raw.identity,
            digest: raw.digest, isRacy: raw.isRacy)
    }
}

/// A file state where it stands in a record: nothing is copied but numbers.
struct RawFileState {
    /// Ended by a zero byte.
    var path: UnsafeRawBufferPointer
    var kind: FileState.Kind
    var identity: FileIdentity
    var digest: ContentDigest
    var isRacy: Bool

    init?(_ reader: inout RecordReader) {
        guard let tag = reader.byte(), let kind = FileState.Kind(rawValue: tag & 0x7F), let path = reader.path(),
            let size = reader.number(), let modified = reader.number(), let changed = reader.number(),
            let device = reader.number(), let inode = reader.number(), let digest = ContentDigest(&reader)
        else { return nil }
        self.path = path
        self.kind = kind
        identity = FileIdentity(size: size, modified: modified, changed: changed, device: device, inode: inode)
        self.digest = digest
        isRacy = tag & 0x80 != 0
    }
}
