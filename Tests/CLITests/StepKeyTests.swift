import TestKit
import Testing

/// Step keys of the built program: `files`, `retry`, `detach`, and what a step leaves running.
@Suite struct StepKeyTests {
    @Test func filesAreGoneAfterTheStepAndReadableOnlyByTheOwner() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { key: env://KEY }
            tasks:
              t:
                files: { PLAIN: plain text }
                steps:
                  - { run: 'stat -c %a "$SECRET"; cat "$SECRET" > copy; cat "$PLAIN"; echo "$SECRET" > where', files: { SECRET: "${{ secrets.key }}" } }
                  - run: '! test -e "$(cat where)"'
            """)
        let result = try ops("t", environment: ["KEY": "a secret value"])
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(result.text.contains("600"))
        #expect(result.text.contains("plain text"))
        #expect(try ops.text("copy") == "a secret value")
    }

    @Test func retryTriesAgainAndStopsAtTheFirstSuccess() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { retry: { attempts: 5, delay: 1ms }, run: 'echo "$OPS_ATTEMPT" >> tries; [ "$OPS_ATTEMPT" = 3 ]' }
            """)
        #expect(try ops("t").status == 0)
        #expect(try ops.text("tries") == "1\n2\n3\n")
    }

    @Test func retryHeedsExitCodes() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { retry: { attempts: 5, delay: 1ms, exit-codes: [ 75 ] }, run: 'echo >> tries; [ -s more ] && exit 1; echo >> more; exit 75' }
            """)
        #expect(try ops("t").status == 1)
        #expect(try ops.text("tries") == "\n\n")
    }

    @Test func whatAStepLeavesServesItsTaskAndEndsWithIt() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - run: 'sleep 60 > /dev/null 2>&1 & echo $! > pid'
                  - run: 'kill -0 "$(cat pid)" && touch served'
              after: { needs: [ t ], run: '! kill -0 "$(cat pid)" 2> /dev/null' }
            """)
        let result = try ops("after")
        #expect(result.status == 0, "\(result.text)")
        #expect(ops.exists("served"))
        #expect(result.text.contains("ended processes that the step had left running"))
    }

    @Test func whatTheLastStepLeavesEndsWithItsTaskToo() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { run: 'sleep 60 > /dev/null 2>&1 & echo $! > pid' }
              after: { needs: [ t ], run: '! kill -0 "$(cat pid)" 2> /dev/null' }
            """)
        let result = try ops("after")
        #expect(result.status == 0, "\(result.text)")
    }

    @Test func aMessageOfAnActionStandsBeforeTheEndOfItsTask() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { container.build: { layers: [], output: "oci:image" } }
              other: { needs: [ t ], run: [ "true" ] }
            """)
        let text = try ops("other").text
        let message = try #require(text.firstRange(of: "sha256:"))
        let end = try #require(text.firstRange(of: "✓ t "))
        #expect(message.lowerBound < end.lowerBound)
    }

    @Test func detachLeavesRunning() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { detach: true, run: 'sleep 60 > /dev/null 2>&1 & echo $! > pid' }
            """)
        #expect(try ops("t").status == 0)
        let pid = try ops.text("pid").filter(\.isNumber)
        #expect(try run(["kill", pid]).status == 0)
    }
}
