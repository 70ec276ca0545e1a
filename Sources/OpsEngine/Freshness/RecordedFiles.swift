import Glibc
import OpsCore
import OpsSystem
import OrderedCollections

extension FreshnessLog {
    /// The outputs of a task where a look at each of its recorded files proves it up to date: nothing is read and nothing
    /// is searched for. Nil says no more than that the whole check is needed.
    func provenOutputs(
        of key: String, _ definition: ContentDigest, _ values: [UInt8], in directory: String
    ) -> ValueMap? {
        withRecord(of: key) { bytes in
            var reader = RecordReader(bytes)
            guard let head = FreshnessRecord.Head(&reader), head.isPlain, head.definition == definition,
                head.values.elementsEqual(values)
            else { return nil }
            for _ in 0..<2 {
                guard let count = reader.count() else { return nil }
                for _ in 0..<count {
                    guard let state = RawFileState(&reader), state.isProven(in: directory) else { return nil }
                }
            }
            return FreshnessRecord.outputs(&reader)
        }
    }
}

extension RawFileState {
    /// True where the file is there and has the recorded identity, which proves its content.
    fileprivate func isProven(in directory: String) -> Bool {
        guard !isRacy, let name = path.baseAddress?.assumingMemoryBound(to: CChar.self) else { return false }
        var status = stat()
        let found: Bool
        if path.first == UInt8(ascii: "/") {
            found = fstatat(AT_FDCWD, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        } else {
            found = withUnsafeTemporaryAllocation(of: CChar.self, capacity: directory.utf8.count + path.count + 1) {
                buffer in
                var end = buffer.update(fromContentsOf: directory.utf8.lazy.map { CChar(bitPattern: $0) })
                buffer[end] = CChar(bitPattern: UInt8(ascii: "/"))
                end += 1
                for byte in path {
                    buffer[end] = CChar(bitPattern: byte)
                    end += 1
                }
                guard let name = buffer.baseAddress else { return false }
                return fstatat(AT_FDCWD, name, &status, AT_SYMLINK_NOFOLLOW) == 0
            }
        }
        guard found else { return false }
        let now = FileStatus(status)
        guard FileState.kind(of: now) == kind else { return false }
        return kind == .folder || FileIdentity(now) == identity
    }
}
