import Crypto
import Glibc
import OpsCore
import OpsSystem

/// A SHA-256 as a value that is cheap to copy and compare.
struct ContentDigest: Hashable, Sendable {
    private var words: SIMD4<UInt64>

    static let zero = ContentDigest(words: .zero)

    private init(words: SIMD4<UInt64>) { self.words = words }

    init(_ digest: SHA256.Digest) {
        words = digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }

    init(of bytes: some Sequence<UInt8>) { self.init(SHA256.hash(data: Array(bytes))) }

    /// The content of an open file, from where it stands to its end.
    ///
    /// Throws: an `OpsError` with the path; a `CancellationError` where `isCancelled` says so.
    init(ofFile descriptor: Int32, path: String, isCancelled: () -> Bool) throws {
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            if isCancelled() { throw CancellationError() }
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw OpsError.system("read", path)
            }
            if count == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        self.init(hash.finalize())
    }

    func write(to writer: inout RecordWriter) {
        for index in 0..<4 { writer.number(words[index]) }
    }

    init?(_ reader: inout RecordReader) {
        var words = SIMD4<UInt64>.zero
        for index in 0..<4 {
            guard let word = reader.number() else { return nil }
            words[index] = word
        }
        self.words = words
    }

    var hexadecimal: String {
        withUnsafeBytes(of: words) { OpsCore.hexadecimal($0) }
    }
}
