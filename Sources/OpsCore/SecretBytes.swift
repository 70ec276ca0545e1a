import Glibc

/// The bytes of a secret in pages of their own: in no core dump (madvise(2), MADV_DONTDUMP), in no swap where the limit of
/// locked memory allows it (mlock(2)), and overwritten before they are given back.
///
/// Best effort: what a secret is handed to, and a text made of it, are copies that only their holders can wipe.
final class SecretBytes: Sendable {
    nonisolated(unsafe) private let start: UnsafeMutableRawPointer?
    private let count: Int
    private let size: Int
    /// Where the system has no more pages.
    private let plain: [UInt8]

    init(_ bytes: [UInt8]) {
        count = bytes.count
        let page = max(sysconf(Int32(_SC_PAGESIZE)), 4096)
        size = (bytes.count + page - 1) / page * page
        guard size > 0, let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            pages != MAP_FAILED
        else {
            start = nil
            plain = bytes
            return
        }
        _ = madvise(pages, size, Int32(MADV_DONTDUMP))
        _ = mlock(pages, size)
        bytes.withUnsafeBytes { source in if let base = source.baseAddress { memcpy(pages, base, source.count) } }
        start = pages
        plain = []
    }

    deinit {
        guard let start else { return }
        explicit_bzero(start, count)
        munmap(start, size)
    }

    /// A copy for whom the secret is handed to.
    var copy: [UInt8] {
        guard let start else { return plain }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}
