package import OpsCore

/// How bytes are compressed.
package enum Compression: String, Sendable, Hashable, CaseIterable {
    case none, gzip, zstd, xz

    /// The levels it takes; a higher one is smaller and slower.
    package var levels: ClosedRange<Int> {
        switch self {
        case .none: 0...0
        case .gzip: 1...9
        case .zstd: 1...19
        case .xz: 0...9
        }
    }

    /// The level that its own program uses.
    package var defaultLevel: Int {
        switch self {
        case .none: 0
        case .gzip, .xz: 6
        case .zstd: 3
        }
    }
}

/// What an archive file is: a container of entries, and how its bytes are compressed.
package struct ArchiveFormat: Sendable, Hashable, CustomStringConvertible {
    package enum Container: String, Sendable, Hashable { case tar, zip }

    package let container: Container
    /// Of the whole stream; a zip compresses each file by deflate itself.
    package let compression: Compression
    /// As file names end, without the dot: `tar.zst`.
    package let description: String

    package static let tar = ArchiveFormat(container: .tar, compression: .none, description: "tar")
    package static let tarGzip = ArchiveFormat(container: .tar, compression: .gzip, description: "tar.gz")
    package static let tarZstd = ArchiveFormat(container: .tar, compression: .zstd, description: "tar.zst")
    package static let tarXZ = ArchiveFormat(container: .tar, compression: .xz, description: "tar.xz")
    package static let zip = ArchiveFormat(container: .zip, compression: .none, description: "zip")

    /// All that can be written.
    package static let all = [tar, tarGzip, tarZstd, tarXZ, zip]

    /// The levels it takes.
    package var levels: ClosedRange<Int> { container == .zip ? 1...9 : compression.levels }

    /// The format of that name, such as `tar.zst`; nil for any other.
    package init?(name: String) {
        guard let format = Self.all.first(where: { $0.description == name }) else { return nil }
        self = format
    }

    /// The format that a file's name says by its end: `.tar`, `.tar.gz`, `.tgz`, `.tar.zst`, `.tzst`, `.tar.xz`,
    /// `.txz` or `.zip`, in any case.
    ///
    /// Throws: an `OpsError` (`invalid`) that names the known ones.
    package init(fileName: String) throws(OpsError) {
        let name = fileName.lowercased()
        let short: [(String, ArchiveFormat)] = [(".tgz", .tarGzip), (".tzst", .tarZstd), (".txz", .tarXZ)]
        let endings = Self.all.map { ("." + $0.description, $0) } + short
        guard let format = endings.first(where: { name.hasSuffix($0.0) })?.1 else {
            throw OpsError(
                .invalid, "the name '\(fileName)' does not say what kind of archive it is",
                hint: "end it with .tar, .tar.gz, .tar.zst, .tar.xz or .zip, or set 'format'")
        }
        self = format
    }

    private init(container: Container, compression: Compression, description: String) {
        self.container = container
        self.compression = compression
        self.description = description
    }
}
