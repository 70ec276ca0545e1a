import OpsCore
import OpsPlugin
import OpsRecipe
import OpsYAML
import OrderedCollections
import Testing

@Suite struct ArgumentBinderTests {
    /// Binds a literal, with the places of its text.
    private func bind(_ declaration: ActionDeclaration, _ yaml: String) throws -> Arguments {
        let template = try Template(YAML.parse(Array(yaml.utf8), file: "x.yaml"))
        guard case .literal(let value) = template.content else { throw OpsError(.invalid, "not a literal") }
        return try ArgumentBinder.bind(declaration, value: value, template: template)
    }

    private func bind(_ declaration: ActionDeclaration, value: Value) throws -> Arguments {
        try ArgumentBinder.bind(declaration, value: value, template: Template(.literal(.null), Self.range))
    }

    private static let range = SourceRange(
        file: "x.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))

    private func messages(_ body: () throws -> Arguments) -> [String] {
        do {
            _ = try body()
            return []
        } catch let error as DiagnosticsError {
            return error.diagnostics.map(\.message)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func fillsDefaultsAndKeepsSpelling() throws {
        let arguments = try bind(
            FakeCatalog.create, "{ output: 5.10, files: [ { from: a, mode: '0755', exclude: [ x ] } ] }")
        #expect(try arguments.string("output") == "5.10")
        #expect(try arguments.integer("level") == 6)
        let file = try #require(try arguments.records("files").first)
        #expect(try file.optionalMode("mode") == 0o755)
        #expect(try file.strings("exclude") == ["x"])
        #expect(try file.optionalString("to") == nil)
    }

    @Test func oneOrMoreIsAList() throws {
        let arguments = try bind(FakeCatalog.push, "{ images: a, tags: [ b ], insecure: true }")
        #expect(arguments["images"] == .list([.string("a")]))
        #expect(try arguments.boolean("insecure"))
    }

    @Test func shorthandTakesWhatIsNoMap() throws {
        #expect(try bind(FakeCatalog.list, "x.zip").string("archive") == "x.zip")
        #expect(try bind(FakeCatalog.run, "[ make, all ]").strings("command") == ["make", "all"])
    }

    @Test func unknownPassesWhereItsTypeMayFit() throws {
        func value(_ type: ValueType) -> Value { .map(["archive": .unknown(Unknown("steps.a.outputs.b", type: type))]) }
        #expect(try bind(FakeCatalog.list, value: value(.any)).isUnknown("archive"))
        #expect(try bind(FakeCatalog.list, value: value(.optional(.string))).isUnknown("archive"))
        #expect(
            messages { try bind(FakeCatalog.list, value: value(.list(.any))) }
                == ["'archive' of archive.list needs a path, got a value of type list"])
    }

    @Test func secretsGoOnlyWhereDeclared() throws {
        let secret = Value.secret(Secret(planned: ["token"]))
        let map: ValueMap = ["images": .string("a"), "tags": .list([.string("b")]), "password": secret]
        #expect(try bind(FakeCatalog.push, value: .map(map)).optionalSecret("password")?.names == ["token"])
        var wrong = map
        wrong["tags"] = .list([secret])
        #expect(
            messages { try bind(FakeCatalog.push, value: .map(wrong)) }
                == ["the secret 'token' cannot go into item 1 of 'tags' of container.push"])
        #expect(
            messages { try bind(FakeCatalog.run, value: .list([.string("x"), .map(["a": secret])])) }
                == ["the secret 'token' cannot go into 'command' of run"])
        let headers: Value = .map(["url": .string("u"), "headers": .map(["Authorization": secret])])
        #expect(try bind(FakeCatalog.request, value: headers)["headers"].containsSecret)
    }

    @Test func reportsAllAtOnceWithPlaces() throws {
        let yaml = """
            output: [ x ]
            file: [ a ]
            files:
              - { from: a, mod: x }
              - { from: "", mode: 755 }
              - b
            level: high
            """
        do {
            _ = try bind(FakeCatalog.create, yaml)
            Issue.record("accepted")
        } catch let error as DiagnosticsError {
            #expect(
                error.diagnostics.map(\.message) == [
                    "archive.create has no parameter 'file'",
                    "'output' of archive.create needs a path, got a list",
                    "item 1 of 'files' of archive.create has no parameter 'mod'",
                    "'from' of item 2 of 'files' of archive.create needs a path, got text",
                    "'mode' of item 2 of 'files' of archive.create needs a mode such as \"0755\", got the number 755",
                    "item 3 of 'files' of archive.create needs a map, got text",
                    "'level' of archive.create needs a whole number, got text",
                ])
        }
    }

    @Test func nullIsNotGiven() throws {
        #expect(
            messages { try bind(FakeCatalog.list, "{ archive: null }") } == ["archive.list needs 'archive'"])
        #expect(try bind(FakeCatalog.create, "{ output: x, files: [], level: null }").integer("level") == 6)
    }
}
