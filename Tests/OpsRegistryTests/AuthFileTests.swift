import OpsCore
import OpsRegistry
import Testing

@Suite struct AuthFileTests {
    /// `b3BzOnB3` is `ops:pw`, `YTpiOmM=` is `a:b:c`.
    static let text = """
        {"auths":{
          "https://index.docker.io/v1/":{"auth":"b3BzOnB3"},
          "example.com":{"auth":"YTpiOmM="},
          "example.com/team":{"username":"u","password":"team"},
          "example.com/team/app":{"username":"u","password":"app"},
          "https://old.example.com/v2/":{"identitytoken":"refresh"},
          "token.example.com":{"registrytoken":"raw"},
          "empty.example.com":{},
          "bad.example.com":{"auth":"!!"},
          "helped.example.com":{"auth":"b3BzOnB3"}},
         "credHelpers":{"helped.example.com":"cloud"}}
        """

    @Test(arguments: [
        ("debian", AuthFile.Entry.credential(.basic(username: "ops", password: "pw"))),
        ("example.com/x", .credential(.basic(username: "a", password: "b:c"))),
        ("example.com/team/other", .credential(.basic(username: "u", password: "team"))),
        ("example.com/team/app", .credential(.basic(username: "u", password: "app"))),
        ("example.com/team/app/sub", .credential(.basic(username: "u", password: "app"))),
        ("example.com/teamwork/app", .credential(.basic(username: "a", password: "b:c"))),
        ("old.example.com/x", .credential(.identityToken("refresh"))),
        ("token.example.com/x", .credential(.registryToken("raw"))),
        ("helped.example.com/x", .helper(name: "cloud", server: "helped.example.com")),
        ("empty.example.com/x", nil), ("example.com:5000/x", nil), ("unknown.example.com/x", nil),
    ])
    func finds(_ reference: String, _ expected: AuthFile.Entry?) throws {
        let file = try AuthFile(bytes: Array(Self.text.utf8), name: "config.json")
        let image = try ImageReference(reference)
        #expect(try file.entry(for: image.host, image.repository) == expected)
    }

    @Test func theStoreComesLast() throws {
        let file = try AuthFile(
            bytes: Array("{\"auths\":{\"a.io\":{\"auth\":\"b3BzOnB3\"},\"b.io\":{}},\"credsStore\":\"s\"}".utf8),
            name: "it")
        let a = try ImageReference("a.io/x")
        #expect(try file.entry(for: a.host, a.repository) == .credential(.basic(username: "ops", password: "pw")))
        let b = try ImageReference("b.io/x")
        #expect(try file.entry(for: b.host, b.repository) == .helper(name: "s", server: "b.io"))
        let hub = try ImageReference("debian")
        #expect(
            try file.entry(for: hub.host, hub.repository)
                == .helper(name: "s", server: "https://index.docker.io/v1/"))
    }

    @Test func readsTheOldestForm() throws {
        let file = try AuthFile(bytes: Array("{\"a.io\":{\"auth\":\"b3BzOnB3\"}}".utf8), name: "it")
        let image = try ImageReference("a.io/x")
        #expect(
            try file.entry(for: image.host, image.repository) == .credential(.basic(username: "ops", password: "pw")))
    }

    @Test func saysWhatIsWrong() throws {
        let file = try AuthFile(bytes: Array(Self.text.utf8), name: "config.json")
        let image = try ImageReference("bad.example.com/x")
        let error = #expect(throws: OpsError.self) { try file.entry(for: image.host, image.repository) }
        #expect(
            error?.description
                == "'auth' of bad.example.com in config.json is not the Base64 text of user:password (log in again)")
        #expect(throws: OpsError.self) { try AuthFile(bytes: Array("[".utf8), name: "x") }
    }

    @Test func printsNothingOfACredential() {
        var text = ""
        dump(RegistryCredential.basic(username: "u", password: "hidden"), to: &text)
        text += String(describing: [RegistryCredential.identityToken("hidden")])
        text += String(reflecting: RegistryCredential.registryToken("hidden"))
        #expect(!text.contains("hidden"))
    }
}
