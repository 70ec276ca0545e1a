import TestKit
import Testing

/// Values between steps and tasks.
@Suite struct OutputTests {
    private func raw(_ recipe: String, _ words: String...) throws -> CommandResult {
        try OpsProgram(recipe).run(["t", "--stream", "raw"] + words)
    }

    @Test func aNamedReturnIsTheTrimmedStandardOutput() throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - { id: d, run: "echo; echo ' two words '; echo", returns: word }
                  - { run: [ printf, "<%s>", "${{ steps.d.outputs.word }}" ] }

            """)
        #expect(result.text.hasSuffix("<two words>"))
        #expect(result.status == 0)
    }

    @Test func declaredReturnsKeepTheirTypes() throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - id: o
                    returns: { text: string, count: integer, on: boolean, all: list, long: string }
                    run: |
                      printf 'text=a = b\\ncount=3\\non=true\\nall=["x","y"]\\n' >> "$OPS_OUTPUT"
                      printf 'long<<END\\nfirst\\nsecond\\nEND\\n' >> "$OPS_OUTPUT"
                  - run: [ printf, "<%s>", "${{ steps.o.outputs.text }}", "${{ steps.o.outputs.count + 1 }}",
                      "${{ if(steps.o.outputs.on, 'yes', 'no') }}", "${{ steps.o.outputs.all }}",
                      "${{ steps.o.outputs.long }}" ]

            """)
        #expect(result.text == "<a = b><4><yes><x><y><first\nsecond>")
        #expect(result.status == 0)
    }

    @Test(arguments: [
        ("echo other=1 >> \"$OPS_OUTPUT\"", "other"), ("true", "word"), ("echo word=x >> \"$OPS_OUTPUT\"", "word"),
        ("echo nonsense >> \"$OPS_OUTPUT\"", "nonsense"),
    ])
    func aMissingUndeclaredOrWrongOutputFailsTheStep(script: String, named: String) throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              t: { returns: { word: integer }, run: '\(script)' }

            """)
        #expect(result.status == 1)
        #expect(result.errorText.contains(named))
    }

    @Test func aTasksOutputsReachItsDependents() throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              make:
                outputs: { both: "${{ steps.a.outputs.x }}+${{ steps.b.outputs.y }}" }
                steps:
                  - { id: a, run: 'echo 1 >&2; printf 1', returns: x }
                  - { id: b, run: printf 2, returns: y }
              single: { run: printf 3, returns: z }
              t:
                needs: [ make, single ]
                run: [ printf, "<%s>", "${{ needs.make.outputs.both }}", "${{ needs.single.outputs.z }}" ]

            """)
        #expect(result.text.hasSuffix("<1+2><3>"))
    }

    @Test func aMatrixTasksOutputsAreListsInTheMatrixsOrder() throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              build:
                matrix: { arch: [ slow, quick, other ] }
                if: matrix.arch != 'other'
                returns: { file: string }
                env: { ARCH: "${{ matrix.arch }}" }
                run: |
                  if [ "$ARCH" = slow ]; then sleep 0.2; fi
                  echo "file=$ARCH.tar" >> "$OPS_OUTPUT"
              t:
                needs: [ build ]
                run: [ echo, "${{ toJSON(needs.build.outputs.file) }}", "${{ toJSON(needs.build.matrix) }}" ]

            """, "-j", "3")
        #expect(
            result.text == #"["slow.tar","quick.tar",null] [{"arch":"slow"},{"arch":"quick"},{"arch":"other"}]"# + "\n")
    }

    @Test func outputsOfWhatDidNotRunAreNull() throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              off: { if: env.NEVER != null, run: printf x, returns: word }
              t:
                needs: [ off ]
                run: [ echo, "${{ toJSON(needs.off.outputs.word) }}", "${{ needs.off.result }}" ]

            """)
        #expect(result.text == "null skipped\n")
        #expect(result.status == 0)
    }

    @Test func nullWhereAValueIsNeededFailsThatStep() throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              first: { run: printf no, returns: word }
              off: { needs: [ first ], if: needs.first.outputs.word == 'yes', run: printf x, returns: word }
              t: { needs: [ off ], run: [ echo, "${{ needs.off.outputs.word }}" ] }

            """)
        #expect(result.errorText.contains("null"))
        #expect(result.status == 1)
    }

    @Test func moreStandardOutputThanAValueMayHoldFailsTheStep() throws {
        let result = try OpsProgram(
            "ops: 1\ntasks: { t: { run: head -c 1048577 /dev/zero | tr '\\\\0' x, returns: word } }\n")("t", "-q")
        #expect(result.status == 1)
        #expect(result.text.contains("1 MiB"))
    }

    @Test func aResultIsNeverScannedAgain() throws {
        let result = try raw(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - { id: a, run: "printf '%s%s' '$' '{{ 1 + 1 }}'", returns: x }
                  - { run: [ echo, "<${{ steps.a.outputs.x }}>" ] }

            """)
        #expect(result.text.hasSuffix("<${{ 1 + 1 }}>\n"))
    }
}
