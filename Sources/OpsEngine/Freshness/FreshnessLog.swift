import Glibc
import OpsCore
import OpsSystem

/// The records of one recipe's tasks: a file that is only appended to, as ninja's log is.
///
/// It is read whole, at once; what a process finds torn or foreign behind the last whole record is cut off by the next
/// that appends. A frame is the payload's length (4 bytes), its check sum (8) and the payload, whose first byte tells
/// a record from a definition.
package struct FreshnessLog: Sendable {
    /// Absolute.
    package let path: String
    private var bytes: [UInt8] = []
    /// Where the newest payload of a task stands, by the hash of its key.
    private var records: [UInt64: Range<Int>] = [:]
    private var definitions: [ContentDigest: Range<Int>] = [:]
    /// The end of the last whole frame.
    private var end = 0
    /// Bytes of the frames that are still asked for.
    private var liveSize = 0
    /// The file that was read: another takes its name when it is written anew.
    private var file: (device: UInt64, inode: UInt64) = (0, 0)

    private static let header = Array("ops fresh 1\n".utf8)
    private static let recordTag: UInt8 = 1
    private static let definitionTag: UInt8 = 2
    private static let frameHead = 12

    /// The file of a recipe's records in the state directory. `recipe` is the recipe's file, absolute.
    package static func path(of recipe: String, in state: String) -> String {
        let real = realpath(recipe, nil)
        defer { free(real) }
        let name = ContentDigest(of: (real.map { String(cString: $0) } ?? recipe).utf8).hexadecimal.prefix(32)
        return "\(state)/fresh/\(name)"
    }

    /// Reads what is there; a file that is missing or cannot be read has no records.
    package init(_ path: String) {
        self.path = path
        refresh()
    }

    /// Takes in what other processes wrote since.
    mutating func refresh() {
        guard let status = FileStatus.find(path) else { return reset() }
        // Nothing read yet: also where somebody has just made it and not written to it.
        if (status.device, status.inode) != file || status.size < end || end == 0 {
            reset()
            guard let all = try? readFile(path) else { return }
            file = (status.device, status.inode)
            guard all.starts(with: Self.header) else { return }
            bytes = all
            end = Self.header.count
            index()
        } else if status.size > end, let tail = try? Self.read(path, from: end) {
            bytes.removeSubrange(end...)
            bytes += tail
            index()
        }
    }

    private mutating func reset() {
        bytes = []
        records = [:]
        definitions = [:]
        end = 0
        liveSize = 0
        file = (0, 0)
    }

    private static func read(_ path: String, from start: Int) throws(OpsError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        return try read(descriptor, path, from: start)
    }

    private static func read(_ descriptor: Int32, _ path: String, from start: Int) throws(OpsError) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(start + result.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", path) }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    /// Finds the frames from `end` on.
    private mutating func index() {
        var found: [(tag: UInt8, payload: Range<Int>)] = []
        bytes.withUnsafeBytes { all in
            while all.count - end > Self.frameHead {
                let length = Int(UInt32(littleEndian: all.loadUnaligned(fromByteOffset: end, as: UInt32.self)))
                let start = end + Self.frameHead
                guard length > 0, all.count - start >= length else { return }
                let payload = UnsafeRawBufferPointer(rebasing: all[start..<start + length])
                let sum = UInt64(littleEndian: all.loadUnaligned(fromByteOffset: end + 4, as: UInt64.self))
                guard sum == Self.checkSum(payload) else { return }
                found.append((payload[0], start + 1..<start + length))
                end = start + length
            }
        }
        records.reserveCapacity(found.count)
        for (tag, payload) in found { note(tag, payload) }
    }

    private mutating func note(_ tag: UInt8, _ payload: Range<Int>) {
        var old: Range<Int>?
        bytes.withUnsafeBytes { all in
            var reader = RecordReader(UnsafeRawBufferPointer(rebasing: all[payload]))
            switch tag {
            case Self.recordTag:
                if let key = reader.counted() { old = records.updateValue(payload, forKey: Self.checkSum(key)) }
            case Self.definitionTag:
                if let digest = ContentDigest(&reader) { old = definitions.updateValue(payload, forKey: digest) }
            default: return
            }
        }
        liveSize += payload.count - (old?.count ?? 0)
    }

    /// FNV-1a over words and then bytes: against torn writes, and to find keys, which are compared then.
    private static func checkSum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        var offset = 0
        while bytes.count - offset >= 8 {
            sum = (sum ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x100_0000_01b3
            sum ^= sum >> 29
            offset += 8
        }
        for index in offset..<bytes.count { sum = (sum ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
        return sum
    }

    // MARK: Asking

    /// Gives the newest record of a task to `body`, in place; nil where there is none.
    func withRecord<Result>(of key: String, _ body: (UnsafeRawBufferPointer) -> Result?) -> Result? {
        var key = key
        return key.withUTF8 { name in
            let name = UnsafeRawBufferPointer(name)
            guard let payload = records[Self.checkSum(name)] else { return nil }
            return bytes.withUnsafeBytes { all in
                let record = UnsafeRawBufferPointer(rebasing: all[payload])
                var reader = RecordReader(record)
                guard let found = reader.counted(), found.elementsEqual(name) else { return nil }
                return body(record)
            }
        }
    }

    func record(of key: String) -> FreshnessRecord? { withRecord(of: key) { FreshnessRecord($0) } }

    /// The facts of a definition that a record names; nil where they are not kept.
    func definition(_ digest: ContentDigest) -> [FreshnessFact]? {
        guard let payload = definitions[digest] else { return nil }
        return bytes.withUnsafeBytes { all in
            var reader = RecordReader(UnsafeRawBufferPointer(rebasing: all[payload]))
            guard ContentDigest(&reader) != nil else { return nil }
            return FreshnessFact.list(&reader)
        }
    }

    // MARK: Writing

    /// Appends records, with the definition that they name where it is not there yet.
    ///
    /// Throws: an `OpsError`; then what was there is there still.
    mutating func append(_ added: [FreshnessRecord], _ definition: TaskDefinition) throws(OpsError) {
        let descriptor = try lockedFile()
        // Closing lets go of the lock.
        defer { close(descriptor) }
        var frames: [UInt8] = []
        if definitions[definition.digest] == nil {
            var writer = RecordWriter()
            definition.digest.write(to: &writer)
            for fact in definition.facts { fact.write(to: &writer) }
            Self.frame(Self.definitionTag, writer.bytes, into: &frames)
        }
        for record in added { Self.frame(Self.recordTag, record.bytes, into: &frames) }
        try write(frames, to: descriptor)
    }

    private static func frame(_ tag: UInt8, _ payload: [UInt8], into frames: inout [UInt8]) {
        let all = [tag] + payload
        var head = RecordWriter()
        head.count(all.count)
        head.number(all.withUnsafeBytes { checkSum($0) })
        frames += head.bytes + all
    }

    private mutating func write(_ frames: [UInt8], to descriptor: Int32) throws(OpsError) {
        if end + frames.count > Self.compactionSize, end + frames.count > 3 * liveSize {
            return try rewrite(with: frames)
        }
        let added = end == 0 ? Self.header + frames : frames
        let count = added.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(end)) }
        guard count == added.count else {
            let number = count < 0 ? errno : ENOSPC
            ftruncate(descriptor, off_t(end))
            throw .system("write", path, number)
        }
        bytes.removeSubrange(end...)
        bytes += added
        if end == 0 { end = Self.header.count }
        index()
    }

    /// The file, locked, with all that others wrote taken in and what is torn cut off.
    private mutating func lockedFile() throws(OpsError) -> Int32 {
        try makeFolders(parentFolder(of: path), mode: 0o700)
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw .system("open", path) }
            // Held for a write's time: long before this many tries are over, or its holder is stopped.
            var tries = 0
            while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                tries += 1
                guard errno == EINTR || errno == EWOULDBLOCK, tries < 400 else {
                    close(descriptor)
                    throw OpsError(.busy, "'\(path)' is locked by another process")
                }
                usleep(500)
            }
            refresh()
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                close(descriptor)
                throw .system("read", path)
            }
            let named = FileStatus.find(path, followsLinks: false)
            guard named?.inode == UInt64(status.st_ino), named?.device == UInt64(status.st_dev) else {
                close(descriptor)
                continue
            }
            if Int(status.st_size) > end { ftruncate(descriptor, off_t(end)) }
            return descriptor
        }
    }

    /// Below this nothing is worth writing anew.
    private static let compactionSize = 1 << 20

    /// Writes the newest records only, as a new file. The old one's lock is held.
    private mutating func rewrite(with frames: [UInt8]) throws(OpsError) {
        var all = Self.header
        var used: Set<ContentDigest> = []
        for payload in records.values {
            Self.frame(Self.recordTag, Array(bytes[payload]), into: &all)
            bytes.withUnsafeBytes { bytes in
                var reader = RecordReader(UnsafeRawBufferPointer(rebasing: bytes[payload]))
                if let head = FreshnessRecord.Head(&reader) { used.insert(head.definition) }
            }
        }
        for (digest, payload) in definitions where used.contains(digest) {
            Self.frame(Self.definitionTag, Array(bytes[payload]), into: &all)
        }
        try writeAtomically(all + frames, to: path, mode: 0o600)
        refresh()
    }
}
