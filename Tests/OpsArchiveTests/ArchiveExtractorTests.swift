import Glibc
import OpsArchive
import OpsCore
import OpsSystem
import TestKit
import Testing

struct ArchiveExtractorTests {
    private static let header =
        "def add(t,name,type=tarfile.REGTYPE,link='',mode=0o644,data=b'x'):\n"
        + " i=tarfile.TarInfo(name); i.type=type; i.linkname=link; i.mode=mode; i.size=len(data) if type==tarfile.REGTYPE else 0\n"
        + " t.addfile(i, io.BytesIO(data) if type==tarfile.REGTYPE else None)\n" + "t=tarfile.open('x','w')\n"

    @Test(arguments: [
        ("add(t,'/etc/evil')", "its path is absolute"),
        ("add(t,'../evil')", "its path has '..'"),
        ("add(t,'a/../../evil')", "its path has '..'"),
        ("add(t,'l',tarfile.SYMTYPE,'/tmp'); add(t,'l/evil')", "absolute"),
        ("add(t,'l',tarfile.SYMTYPE,'..')", "can lead outside"),
        ("add(t,'d/l',tarfile.SYMTYPE,'../../evil')", "can lead outside"),
        ("add(t,'l',tarfile.SYMTYPE,'d/../../evil')", "can lead outside"),
        ("add(t,'a/b/x',tarfile.SYMTYPE,'../..'); add(t,'a/b/y',tarfile.SYMTYPE,'x/../z')", "can lead outside"),
        ("add(t,'d',tarfile.DIRTYPE); add(t,'l',tarfile.SYMTYPE,'d'); add(t,'l/f')", "which is a link or a file"),
        ("add(t,'f'); add(t,'f/g')", "which is a link or a file"),
        ("add(t,'h',tarfile.LNKTYPE,'/etc/passwd')", "absolute"),
        ("add(t,'h',tarfile.LNKTYPE,'../f')", "'..'"),
        ("add(t,'l',tarfile.SYMTYPE,'nowhere'); add(t,'h',tarfile.LNKTYPE,'l')", "no file of the archive"),
        ("add(t,'c',tarfile.CHRTYPE)", "device, pipe or socket"),
        ("add(t,'p',tarfile.FIFOTYPE)", "device, pipe or socket"),
        ("add(t,'f'); add(t,'f')", "that path twice"),
        ("add(t,'f'); add(t,'./f')", "that path twice"),
        ("add(t,'l',tarfile.SYMTYPE,'f'); add(t,'l')", "that path twice"),
        ("add(t,'n'*300)", "255 bytes"),
        ("add(t,'a/'*200+'f')", "names"),
    ])
    func hostileTar(program: String, message: String) throws {
        let folder = try TemporaryFolder()
        try python(Self.header + program + "\nt.close()", in: folder)
        #expect {
            try ArchiveExtractor().extract(folder.path + "/x", to: folder.path + "/out/target")
        } throws: {
            "\($0)".contains(message)
        }
        #expect(try run(["find", "out"], in: folder.path).text == "out\n")
        #expect(!folder.exists("evil"))
    }

    @Test(arguments: [
        ("z=zipfile.ZipFile('x','w'); z.writestr('../evil','x'); z.close()", "'..'"),
        (
            "z=zipfile.ZipFile('x','w'); z.writestr('good.txt','x'); z.close(); b=open('x','rb').read(); open('x','wb').write(b.replace(b'good',b'evil',1))",
            "another name"
        ),
        (
            "z=zipfile.ZipFile('x','w'); z.writestr('a','x'*100); z.close(); b=open('x','rb').read(); open('x','wb').write(b[:-30])",
            "damaged"
        ),
        (
            "z=zipfile.ZipFile('x','w'); z.writestr('a','x'*100); z.close(); b=bytearray(open('x','rb').read()); b[50]^=1; open('x','wb').write(b)",
            "CRC"
        ),
        ("b=b'a'*1000\nfor i in range(3): b=gzip.compress(b)\nopen('x','wb').write(b)", "cannot be read"),
        (
            "t=tarfile.open('x','w:xz'); i=tarfile.TarInfo('f'); i.size=100000; t.addfile(i,io.BytesIO(os.urandom(100000))); t.close(); b=bytearray(open('x','rb').read()); b[50000]^=1; open('x','wb').write(b)",
            "cannot be read"
        ),
        (
            "t=tarfile.open('x','w:gz'); i=tarfile.TarInfo('f'); i.size=100000; t.addfile(i,io.BytesIO(os.urandom(100000))); t.close(); b=open('x','rb').read(); open('x','wb').write(b[:50000])",
            "cannot be read"
        ),
        ("open('x','wb').write(b'')", "empty"),
        ("open('x','wb').write(b'hello'*200)", "not an archive"),
        (
            "t=tarfile.open('x','w:gz'); i=tarfile.TarInfo('f'); i.size=200<<20; t.addfile(i,open('/dev/zero','rb')); t.close()",
            "times its size"
        ),
    ])
    func hostileFiles(program: String, message: String) throws {
        let folder = try TemporaryFolder()
        try python(program, in: folder)
        var extractor = ArchiveExtractor()
        extractor.limits.ratio = 500
        #expect {
            try extractor.extract(folder.path + "/x", to: folder.path + "/out/target")
        } throws: {
            "\($0)".contains(message)
        }
        #expect(!folder.exists("out/target"))
        #expect(!folder.exists("evil"))
    }

    @Test(arguments: ArchiveWriterTests.names)
    func roundTrip(name: String) throws {
        let (folder, entries) = try sampleTree()
        try make(name, of: entries, in: folder)
        let count = try ArchiveExtractor().extract(folder.path + "/" + name, to: folder.path + "/out")
        #expect(count == entries.count)
        let difference = try run(["diff", "-r", "--no-dereference", "tree", "out/root"], in: folder.path)
        #expect(difference.status == 0, "\(difference.text)")
        #expect(try run(["stat", "-c", "%a", "out/root/app"], in: folder.path).text == "755\n")
        #expect(throws: OpsError.self) {
            try ArchiveExtractor().extract(folder.path + "/" + name, to: folder.path + "/out")
        }
        var replacing = ArchiveExtractor()
        replacing.replaces = true
        replacing.strip = 1
        _ = try replacing.extract(folder.path + "/" + name, to: folder.path + "/out")
        #expect(folder.exists("out/app") && !folder.exists("out/root"))
        #expect(try run(["sh", "-c", "ls -A | grep ops-"], in: folder.path).text == "")
    }

    @Test func permissionsAndHardLinks() throws {
        let folder = try TemporaryFolder()
        try python(
            Self.header
                + "add(t,'s',mode=0o6777); add(t,'d',tarfile.DIRTYPE,mode=0o000); add(t,'d/f'); add(t,'h',tarfile.LNKTYPE,'d/f')\nt.close()",
            in: folder)
        _ = try ArchiveExtractor().extract(folder.path + "/x", to: folder.path + "/out")
        #expect(
            try run(["stat", "-c", "%a %h", "s", "d/f", "h"], in: folder.path + "/out").text == "755 1\n644 2\n644 2\n")
    }

    @Test func readsWhatOthersWrite() throws {
        let (folder, _) = try sampleTree()
        for command in [
            "tar -cf g.tar tree", "tar --format=ustar -cf u.tar -C tree app empty", "bsdtar -cjf b.tar.bz2 tree",
            "bsdtar --format=zip -cf b.zip tree",
            "zip -qry z.zip tree", "tar -c tree | zstd -q19 > z.tar.zst", "tar -cJf x.txz tree",
        ] {
            let result = try run(["sh", "-c", command], in: folder.path, environment: ["LC_ALL": "C.UTF-8"])
            #expect(result.status == 0, "\(result.errorText)")
            let file =
                command.split(whereSeparator: { " >".contains($0) }).map(String.init).first {
                    $0.contains(".") && !$0.contains("=")
                } ?? ""
            let out = folder.path + "/out-" + file
            _ = try ArchiveExtractor().extract(folder.path + "/" + file, to: out)
            #expect(try run(["test", "-e", out + (file == "u.tar" ? "/app" : "/tree/größe/日本語 ☃.txt")]).status == 0)
        }
    }

    /// gzip within gzip, however deep: one layer is peeled, and what is in it is no tar (so ends a gzip quine too).
    @Test(arguments: [2, 3, 30])
    func onlyOneLayerIsPeeled(layers: Int) throws {
        let folder = try TemporaryFolder()
        try folder.write("f", "x")
        let pipe = "tar -c f" + String(repeating: " | gzip", count: layers) + " > x.tar.gz"
        #expect(try run(["sh", "-c", pipe], in: folder.path).status == 0)
        #expect { try ArchiveExtractor().extract(folder.path + "/x.tar.gz", to: folder.path + "/out") } throws: {
            "\($0)".contains("'\(folder.path)/x.tar.gz' cannot be read: ")
        }
        #expect(!folder.exists("out"))
    }

    /// A gzip file may have several members (RFC 1952 §2.2): all of them are read, as gzip does.
    @Test func membersOfGzipAreRead() throws {
        let folder = try TemporaryFolder()
        try folder.write("f", [UInt8](repeating: 7, count: 100_000))
        let command = "tar -cf x.tar f; head -c 60000 x.tar | gzip > x.tar.gz; tail -c +60001 x.tar | gzip >> x.tar.gz"
        #expect(try run(["sh", "-c", command], in: folder.path).status == 0)
        _ = try ArchiveExtractor().extract(folder.path + "/x.tar.gz", to: folder.path + "/out")
        #expect(try run(["cmp", "f", "out/f"], in: folder.path).status == 0)
    }

    @Test func verifierFindsDamage() throws {
        let (folder, entries) = try sampleTree()
        let box = Bytes()
        let summary = try ArchiveWriter.write(entries, as: .tar) { box.bytes += $0 }
        try folder.write("x.tar", box.bytes)
        var descriptor = try open(folder.path + "/x.tar")
        try ArchiveVerifier.verify(descriptor: descriptor, name: "x.tar", against: summary)
        close(descriptor)
        let middle = box.bytes.count / 2
        box.bytes[middle] ^= 1
        try folder.write("x.tar", box.bytes)
        descriptor = try open(folder.path + "/x.tar")
        defer { close(descriptor) }
        #expect { try ArchiveVerifier.verify(descriptor: descriptor, name: "x.tar", against: summary) } throws: {
            "\($0)".contains("'root/big' differs")
        }
    }
}
