import Glibc
import OpsArchive
import OpsCore
import OpsSystem
import OrderedCollections
import TestKit
import Testing

@Suite(.serialized) struct ArchiveWriterTests {
    static let names = ["x.tar", "x.tar.gz", "x.tar.zst", "x.tar.xz", "x.zip"]

    @Test(arguments: [
        ("a.tar", "tar"), ("a.TAR.GZ", "tar.gz"), ("a.tgz", "tar.gz"), ("a-1.2.tar.zst", "tar.zst"),
        ("a.tar.xz", "tar.xz"), ("a.zip", "zip"),
    ])
    func formatByName(name: String, format: String) throws {
        #expect(try ArchiveFormat(fileName: name).description == format)
    }

    @Test(arguments: ["a", "a.gz", "a.7z", "tar"])
    func unknownName(name: String) {
        #expect(throws: OpsError.self) { try ArchiveFormat(fileName: name) }
    }

    @Test(arguments: names)
    func judgesUnpackTheSame(name: String) throws {
        let (folder, entries) = try sampleTree()
        try make(name, of: entries, in: folder)
        let judges: [[String]] =
            name.hasSuffix(".zip")
            ? [["bsdtar", "-xf", "../" + name], ["unzip", "-q", "../" + name]]
            : [["bsdtar", "-xf", "../" + name], ["tar", "-xf", "../" + name]]
        for (index, judge) in judges.enumerated() {
            try folder.write("out\(index)/.keep", "")
            let result = try run(
                judge, in: folder.path + "/out\(index)", environment: ["LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"])
            #expect(result.status == 0, "\(judge): \(result.errorText)")
            #expect(result.errorText == "")
            let difference = try run(["diff", "-r", "--no-dereference", "tree", "out\(index)/root"], in: folder.path)
            #expect(difference.status == 0, "\(difference.text)")
            let modes = try run(
                ["stat", "-c", "%a %F %Y", "out\(index)/root/app", "out\(index)/root/link"], in: folder.path)
            #expect(modes.text.hasPrefix("755 regular file 315532800\n"))
            #expect(modes.text.contains("symbolic link"))
        }
    }

    @Test func judgesTestTheStreams() throws {
        let (folder, entries) = try sampleTree()
        for name in Self.names { try make(name, of: entries, in: folder) }
        for command in [
            ["gzip", "-t", "x.tar.gz"], ["zstd", "-qt", "x.tar.zst"], ["xz", "-t", "x.tar.xz"],
            ["unzip", "-tq", "x.zip"], ["zip", "-T", "x.zip"],
            [
                "python3", "-c",
                "import tarfile,zipfile; assert zipfile.ZipFile('x.zip').testzip() is None; n=sorted(zipfile.ZipFile('x.zip').namelist()); t=sorted(m.name+('/' if m.isdir() else '') for m in tarfile.open('x.tar.gz')); assert n==t,(n,t); assert all(m.uid==0 and m.gid==0 and m.uname=='' and m.mtime==315532800 for m in tarfile.open('x.tar'))",
            ],
        ] {
            let result = try run(command, in: folder.path)
            #expect(result.status == 0, "\(command): \(result.text)\(result.errorText)")
        }
    }

    @Test(arguments: names)
    func sameBytesWhateverTheSurroundings(name: String) throws {
        let (folder, entries) = try sampleTree()
        let first = try make(name, of: entries, in: folder)
        _ = try run(
            [
                "sh", "-c",
                "find tree -exec touch -h -d '2001-02-03 04:05:06' {} + ; cp -a tree copy; rm -r tree; mkdir tree; for f in $(ls -r copy); do cp -a \"copy/$f\" tree/; done",
            ],
            in: folder.path)
        let mask = umask(0o077)
        let zone = getenv("TZ").map { String(cString: $0) }
        setenv("TZ", "Pacific/Kiritimati", 1)
        setenv("LC_ALL", "de_DE.ISO-8859-1", 1)
        setlocale(LC_ALL, "C")
        tzset()
        defer {
            umask(mask)
            if let zone { setenv("TZ", zone, 1) } else { unsetenv("TZ") }
            unsetenv("LC_ALL")
            tzset()
        }
        let again = try FileSet.resolve([item(["from": .string("tree"), "to": .string("root")])], in: folder.path)
        let second = try make(name, of: again.reversed(), in: folder)
        #expect(first == second)
        #expect(try make(name, of: entries, in: folder, epoch: 1_700_000_000) != first)
    }

    @Test func gzipHeaderHasNoTime() throws {
        let (folder, entries) = try sampleTree()
        let bytes = try make("x.tar.gz", of: entries, in: folder)
        #expect(Array(bytes[..<10]) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
    }

    @Test func zipTimesAreUTC() throws {
        let (folder, entries) = try sampleTree()
        try make("x.zip", of: entries, in: folder, epoch: 1_700_000_000)
        try python(
            "assert all(i.date_time==(2023,11,14,22,13,20) for i in zipfile.ZipFile('x.zip').infolist())", in: folder)
        try make("y.zip", of: entries, in: folder, epoch: 951_782_400)
        try python(
            "assert all(i.date_time==(2000,2,29,0,0,0) for i in zipfile.ZipFile('y.zip').infolist())", in: folder)
    }

    @Test func manyEntriesNeedZip64() throws {
        let folder = try TemporaryFolder()
        try make("x.zip", of: (0..<70_000).map { ArchiveEntry("f\($0)", .bytes([]), mode: 0o644) }, in: folder)
        try python("assert len(zipfile.ZipFile('x.zip').namelist())==70000", in: folder)
        let descriptor = try open(folder.path + "/x.zip")
        defer { close(descriptor) }
        let reader = try ArchiveReader(descriptor: descriptor, name: "x.zip")
        var count = 0
        while try reader.next() != nil { count += 1 }
        #expect(count == 70_000)
    }

    /// A sparse file of 4.1 GiB, and one behind it, whose place takes more than 32 bits where the format has no holes.
    @Test(.enabled(if: getenv("OPS_SLOW_TESTS") != nil, "half a minute; set OPS_SLOW_TESTS to run it"))
    func largeFilesNeedZip64() throws {
        let folder = try TemporaryFolder()
        try folder.write("after", "after\n")
        #expect(try run(["truncate", "-s", "4402341478", "large"], in: folder.path).status == 0)
        let descriptor = Glibc.open(folder.path + "/x.zip", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        let entries = try FileSet.resolve([item(["from": .string("*")])], in: folder.path)
        let path = folder.path
        try ArchiveWriter.write(entries.filter { $0.path != "x.zip" }, as: .zip, level: 1) {
            try writeAll($0, to: descriptor, path: path)
        }
        let listed = try run(["unzip", "-l", "x.zip"], in: folder.path)
        #expect(listed.text.contains("4402341478") && listed.text.contains("2 files"))
        #expect(try run(["unzip", "-p", "x.zip", "after"], in: folder.path).text == "after\n")
        try python("assert zipfile.ZipFile('x.zip').infolist()[1].file_size==4402341478", in: folder)
        let archive = try open(folder.path + "/x.zip")
        defer { close(archive) }
        let reader = try ArchiveReader(descriptor: archive, name: "x.zip")
        _ = try reader.next()
        #expect(try reader.next()?.size == 4_402_341_478)
    }

    @Test func badEntries() {
        let file = ArchiveEntry("a", .bytes([1]), mode: 0o644)
        for entries in [
            [file, file], [file, ArchiveEntry("a/b", .bytes([]), mode: 0o644)],
            [ArchiveEntry("../a", .directory, mode: 0o755)], [ArchiveEntry("/a", .directory, mode: 0o755)],
            [ArchiveEntry("", .directory, mode: 0o755)],
        ] {
            #expect(throws: OpsError.self) { try ArchiveWriter.write(entries, as: .tar) { _ in } }
        }
    }

    @Test(arguments: ["truncate -s 100000", "truncate -s 9000000", "sh -c 'echo x >> \"$0\"'", "touch"])
    func changeWhileReadIsAnError(change: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("f", [UInt8](repeating: 7, count: 4 << 20))
        var isChanged = false
        #expect {
            try ArchiveWriter.write(
                [ArchiveEntry("f", .file(path), mode: 0o644)], as: .tar,
                progress: { _ in
                    if !isChanged { _ = try? run(["sh", "-c", change + " " + path]) }
                    isChanged = true
                }, to: { _ in })
        } throws: {
            ($0 as? OpsError)?.message == "'\(path)' changed while it was read"
        }
    }

    @Test func theFirstErrorIsKept() throws {
        struct Full: Error {}
        let (folder, entries) = try sampleTree()
        defer { withExtendedLifetime(folder) {} }
        for format in ArchiveFormat.all {
            #expect(throws: Full.self) { try ArchiveWriter.write(entries, as: format) { _ in throw Full() } }
        }
    }

    @Test func fullDisk() throws {
        let (folder, entries) = try sampleTree()
        defer { withExtendedLifetime(folder) {} }
        let descriptor = Glibc.open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        #expect {
            try ArchiveWriter.write(entries, as: .tarGzip) { try writeAll($0, to: descriptor, path: "out") }
        } throws: {
            "\($0)" == "cannot write 'out': No space left on device"
        }
    }

    @Test func cancelled() throws {
        let (folder, entries) = try sampleTree()
        defer { withExtendedLifetime(folder) {} }
        let flag = CancellationFlag()
        flag.cancel()
        #expect(throws: CancellationError.self) {
            try ArchiveWriter.write(entries, as: .tar, cancellation: flag) { _ in }
        }
    }

    @Test(arguments: [(Compression.gzip, "gzip"), (.zstd, "zstd"), (.xz, "xz"), (.none, "cat")])
    func compressor(compression: Compression, program: String) throws {
        let box = Bytes()
        let compressor = try Compressor(compression) { box.bytes += $0 }
        let block = [UInt8]("some text that repeats ".utf8)
        for _ in 0..<10_000 { try block.withUnsafeBytes { try compressor.write($0) } }
        try compressor.finish()
        let folder = try TemporaryFolder()
        try folder.write("f", box.bytes)
        let result = try run(["sh", "-c", "\(program == "cat" ? "cat" : program + " -dc") < f"], in: folder.path)
        #expect(result.output == Array((0..<10_000).map { _ in block }.joined()))
        #expect(throws: OpsError.self) { try Compressor(compression, level: 30) { _ in } }
    }

    /// Around the borders of blocks, and with each way to hand the content over.
    @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 524_288, 3_000_000])
    func gzipIsTheSameWithAnyNumberOfThreads(size: Int) throws {
        var random = UInt32(size)
        let content = (0..<size).map { _ in
            random = random &* 1_664_525 &+ 1_013_904_223
            return UInt8(random >> 28)
        }
        var results: Set<[UInt8]> = []
        for (threads, chunk) in [(1, 262_144), (2, 1 << 22), (3, 10_007), (8, 65_536)] {
            let box = Bytes()
            let compressor = try Compressor(.gzip, threads: threads) { box.bytes += $0 }
            try content.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: size, by: chunk) {
                    try compressor.write(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + chunk, size)]))
                }
            }
            try compressor.finish()
            results.insert(box.bytes)
        }
        #expect(results.count == 1)
        let folder = try TemporaryFolder()
        try folder.write("f.gz", results.first ?? [])
        #expect(try run(["gzip", "-dc", "f.gz"], in: folder.path).output == content)
    }

    @Test(arguments: [("", 315_532_800), ("0", 0), ("1700000000", 1_700_000_000)])
    func sourceDateEpoch(text: String, value: Int) throws {
        #expect(try SourceDateEpoch.value(["SOURCE_DATE_EPOCH": text]) == value)
    }

    @Test(arguments: ["-1", "1.5", "now", "99999999999999999999"])
    func badSourceDateEpoch(text: String) {
        #expect(throws: OpsError.self) { try SourceDateEpoch.value(["SOURCE_DATE_EPOCH": text]) }
    }
}
