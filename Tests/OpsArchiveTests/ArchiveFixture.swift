import Glibc
import OpsArchive
import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections
import TestKit

/// Writes entries to a file; gives its bytes.
@discardableResult
func make(
    _ name: String, of entries: [ArchiveEntry], in folder: TemporaryFolder, level: Int? = nil,
    epoch: Int = SourceDateEpoch.fallback
) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let box = Bytes()
    try ArchiveWriter.write(entries, as: try ArchiveFormat(fileName: name), level: level, epoch: epoch) {
        box.bytes += $0
    }
    bytes = box.bytes
    try folder.write(name, bytes)
    return bytes
}

final class Bytes {
    var bytes: [UInt8] = []
}

/// A small tree with what archives get wrong: empty files, links, modes, names beyond ASCII and beyond 255 bytes.
func sampleTree() throws -> (folder: TemporaryFolder, entries: [ArchiveEntry]) {
    let folder = try TemporaryFolder()
    try folder.write("tree/app", "#!/bin/sh\necho hello\n", mode: 0o755)
    try folder.write("tree/empty", "")
    try folder.write("tree/größe/日本語 ☃.txt", "snow\n")
    try folder.write("tree/a-b", "a-b")
    try folder.write("tree/a/b", "a/b")
    try folder.write("tree/big", [UInt8]((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }))
    let long = String(repeating: "long-folder-name/", count: 18) + "file"
    try folder.write("tree/" + long, "deep")
    symlink("app", folder.path + "/tree/link")
    return (folder, try FileSet.resolve([item(["from": .string("tree"), "to": .string("root")])], in: folder.path))
}

func item(_ values: ValueMap, _ index: Int = 0) -> Arguments { Arguments(values, label: "files[\(index)]") }

func open(_ path: String) throws -> Int32 {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw OpsError.system("open", path) }
    return descriptor
}

/// What a Python program made in the folder.
func python(_ program: String, in folder: TemporaryFolder) throws {
    let result = try run(
        ["python3", "-c", "import io,tarfile,zipfile,gzip,os,struct\n" + program], in: folder.path)
    guard result.status == 0 else { throw OpsError(.command, result.errorText) }
}
