import TestKit
import Testing

/// The commands that run nothing: what they print, and their exit status.
@Suite struct CommandsTests {
    static let sample = """
        ops: 1
        name: sample
        description: A sample.
        inputs:
          version: { type: string, pattern: '[0-9]+', description: Version to release, default: "1" }
        secrets: { s: { from: [ env://TOK ], optional: true }, f: file://secret.txt }
        tasks:
          build: { description: Build it, matrix: { arch: [ a, b ] }, run: [ echo, "${{ matrix.arch }}" ] }
          test:
            description: Test it
            needs: [ build ]
            run: |
              echo testing "$INPUT_VERSION"
          all: { needs: [ build, test ] }
          _hidden: { run: 'echo $S', env: { S: "${{ secrets.f }}" } }
          use: { needs: [ test ], if: git.branch == 'main', run: 'echo $S', env: { S: "${{ secrets.s }}" } }

        """

    static let list = """
        A sample.

        build  Build it
        test   Test it
        all    = build, test
        use

        """

    @Test func versionIsOneLine() throws {
        let result = try OpsProgram()("--version")
        #expect(result.text == "ops 0.1.0\n")
        #expect(result.errorText.isEmpty)
        #expect(result.status == 0)
    }

    @Test(arguments: [["--help"], ["-h"], ["help"]])
    func helpNamesEveryCommandOfTheContract(words: [String]) throws {
        let result = try OpsProgram().run(words)
        #expect(result.status == 0)
        for command in [
            "run", "plan", "list", "show", "graph", "lint", "runs", "logs", "actions", "schema", "init", "secrets",
            "lock",
        ] {
            #expect(result.text.contains("\n  \(command) "), "\(command)")
        }
    }

    @Test func helpOfRunNamesEveryOptionOfTheContract() throws {
        let result = try OpsProgram()("run", "--help")
        #expect(result.status == 0)
        for option in [
            "--dry-run", "--jobs", "--keep-going", "--timeout", "--grace", "--inputs", "--yes", "--stream",
            "--log-format", "--log-file", "--quiet", "--verbose", "--file", "--directory", "--color",
        ] {
            #expect(result.text.contains(option), "\(option)")
        }
    }

    @Test func opsAloneListsTheTasksWhereThereIsNoDefault() throws {
        let result = try OpsProgram(Self.sample)()
        #expect(result.text == Self.list)
        #expect(result.status == 0)
    }

    @Test func opsAloneRunsDefault() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { default: { run: echo it ran } }\n")
        let result = try ops("--stream", "raw")
        #expect(result.text == "it ran\n")
        #expect(result.status == 0)
    }

    @Test func listPrintsTheListedTasksInTheRecipesOrder() throws {
        let result = try OpsProgram(Self.sample)("list")
        #expect(result.text == Self.list)
        #expect(result.status == 0)
    }

    @Test func listAsDataHasTheTasksWithTheirPlaces() throws {
        let result = try OpsProgram("ops: 1\ntasks:\n  a: { run: echo }\n  b: { needs: [ a ] }\n")(
            "list", "--format", "json")
        #expect(
            result.text == """
                {
                  "recipe": "ops.yaml",
                  "tasks": [
                    {
                      "name": "a",
                      "description": null,
                      "needs": [],
                      "file": "ops.yaml",
                      "line": 3,
                      "column": 3
                    },
                    {
                      "name": "b",
                      "description": null,
                      "needs": [
                        "a"
                      ],
                      "file": "ops.yaml",
                      "line": 4,
                      "column": 3
                    }
                  ]
                }

                """)
    }

    @Test func showPrintsATaskWithItsNeedsAndInputsAndText() throws {
        let result = try OpsProgram(Self.sample)("show", "test")
        #expect(
            result.text == """
                test  ops.yaml:9:3
                Test it

                needs      build
                needed by  all, use
                input      version: string, matches [0-9]+, default 1. Version to release

                test:
                  description: Test it
                  needs: [ build ]
                  run: |
                    echo testing "$INPUT_VERSION"

                """)
        #expect(result.status == 0)
    }

    @Test func showPrintsAnActionWithoutARecipe() throws {
        let result = try OpsProgram()("show", "archive.list")
        #expect(
            result.text == """
                archive.list  List what an archive holds

                Reads the whole archive, as archive.extract would, and so finds damage. The names are as they stand in \
                the archive, in its order.

                parameters
                  archive  path, required  The archive

                outputs
                  entries  list of string  The names of the entries
                  count    integer         How many there are

                What was packed
                  archive.list: { archive: dist/app.tar.zst }

                """)
    }

    @Test(arguments: [
        ("tset", "ops: error: ops.yaml has no task 'tset'\n     did you mean 'test'?\n"),
        (
            "nothing-like-it",
            "ops: error: ops.yaml has no task 'nothing-like-it'\n     its tasks are: build, test, all, use\n"
        ),
        ("archive.craete", "ops: error: there is no action 'archive.craete'\n     did you mean 'archive.create'?\n"),
    ])
    func showOfAnUnknownNameNamesTheNearest(name: String, message: String) throws {
        let result = try OpsProgram(Self.sample)("show", name)
        #expect(result.errorText == message)
        #expect(result.status == 2)
    }

    @Test func graphDrawsTheWholeRecipeForMermaid() throws {
        let result = try OpsProgram(Self.sample)("graph")
        #expect(
            result.text == """
                flowchart TD
                    t0["build"]
                    t1["test"]
                    t2["all"]
                    t3["_hidden"]
                    t4["use"]
                    t0 --> t1
                    t0 --> t2
                    t1 --> t2
                    t1 --> t4

                """)
    }

    @Test func graphDrawsATaskAndItsNeedsForDot() throws {
        let result = try OpsProgram(Self.sample)("graph", "test", "--format", "dot")
        #expect(
            result.text == """
                digraph tasks {
                    rankdir=LR;
                    "build";
                    "test";
                    "build" -> "test";
                }

                """)
    }

    @Test func graphIsDataToo() throws {
        let result = try OpsProgram(Self.sample)("graph", "test", "--format", "json")
        #expect(
            result.text == """
                {
                  "tasks": [
                    "build",
                    "test"
                  ],
                  "needs": [
                    {
                      "task": "test",
                      "needs": "build"
                    }
                  ]
                }

                """)
    }

    @Test func actionsListsEveryActionAndSourceOfSecrets() throws {
        let result = try OpsProgram()("actions")
        let names = result.text.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(
            names == [
                "run", "archive.create", "archive.extract", "archive.list", "archive.checksums", "container.build",
                "container.push", "http.request", "notify.slack", "env://", "file://", "exec:", "systemd://", "pass://",
                "keyring://", "age://", "sops://", "vault://", "aws-sm://", "aws-ssm://", "gcp-sm://", "azure-kv://",
                "op://", "k8s://",
            ])
        #expect(result.status == 0)
    }

    @Test func schemaIsJSONThatNamesEveryAction() throws {
        let ops = try OpsProgram()
        let result = try ops("schema")
        #expect(result.status == 0)
        let file = try ops.write("schema.json", result.text)
        let keys = try run(["python3", "-c", "import json,sys; print(json.load(open(sys.argv[1]))['$schema'])", file])
        #expect(keys.text == "https://json-schema.org/draft/2020-12/schema\n")
        for action in ["archive.create", "container.push", "http.request"] { #expect(result.text.contains(action)) }
    }

    @Test func anUnknownTaskIsAWrongReference() throws {
        let result = try OpsProgram(Self.sample)("tset")
        #expect(result.errorText == "ops: error: ops.yaml has no task 'tset'\n     did you mean 'test'?\n")
        #expect(result.text.isEmpty)
        #expect(result.status == 2)
    }

    @Test(arguments: [
        ["--nope"], ["run", "--nope"], ["list", "extra", "words"], ["--jobs", "many", "test"], ["test", "--jobs", "0"],
        ["--timeout", "30", "test"], ["--stream", "loud", "test"], ["--log-format", "xml", "test"],
        ["--color", "red", "test"], ["lint", "--format", "xml"], ["all", "test", "--", "x"], ["plan"],
    ])
    func wrongUseOfTheCommandLineIs64(words: [String]) throws {
        let result = try OpsProgram(Self.sample).run(words)
        #expect(result.status == 64)
        #expect(!result.errorText.isEmpty)
        #expect(result.text.isEmpty)
    }

    @Test func runAlwaysMeansTheTask() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { list: { run: echo the task } }\n")
        #expect(try ops("run", "list", "--stream", "raw").text == "the task\n")
    }
}
