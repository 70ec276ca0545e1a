import OpsCore
import OpsEngine
import OpsPlugin
import Testing

@testable import OpsReport

@Suite struct DialectTests {
    @Test func gitHubFoldsAndAnnotates() {
        let output = ReportOutput()
        let reporter = GitHubReporter(output: output, token: "T")
        var script = Script()
        script.begin("a")
        script.start("a")
        script.step("a", "x")
        script.say("a", "::error::forged\n##[error]forged\nno newline")
        script.end("a", .failed, failure: Script.failure)
        script.finish("a", .failed)
        script.finish(.failed, status: 1)
        for event in script.events { reporter.receive(event) }
        reporter.close()
        #expect(
            output.text == """
                ::group::a
                ::stop-commands::T
                $ x
                ::error::forged
                ##[error]forged
                no newline
                ::T::
                ::endgroup::
                ::stop-commands::T
                ✗ a  failed after 250ms
                    step 1: x
                    error: the command ended with status 3
                    │ connecting
                    │ refused
                    at ops.yaml:14:7
                    hint: start the server first
                ::T::
                ::error file=ops.yaml,line=14,col=7,title=a failed::step 1: the command ended with status 3%0A\
                connecting%0Arefused
                ::stop-commands::T
                ✗ a  1 failed in 1.25s
                  logs: ops logs r1
                  go on: ops resume r1
                ::T::

                """)
    }

    @Test(arguments: [("a%b\r\nc", "a%25b%0D%0Ac", "a%25b%0D%0Ac"), ("x:y,z", "x:y,z", "x%3Ay%2Cz")])
    func gitHubEscapes(_ text: String, _ data: String, _ property: String) {
        #expect(LogDialect.data(text) == data)
        #expect(LogDialect.property(text) == property)
    }

    @Test func gitHubHearsOurCommandsWithinAGroupToo() {
        let output = ReportOutput()
        let reporter = GitHubReporter(output: output, token: "T")
        reporter.command(Array("::add-mask::one\n".utf8))
        var script = Script()
        script.begin("a")
        script.start("a")
        script.step("a", "x")
        script.say("a", "half a line")
        for event in script.events { reporter.receive(event) }
        reporter.command(Array("::add-mask::two\n".utf8))
        #expect(
            output.text == """
                ::add-mask::one
                ::group::a
                ::stop-commands::T
                $ x
                half a line
                ::T::
                ::add-mask::two
                ::stop-commands::T

                """)
    }

    @Test func gitLabCollapsesSections() {
        let output = ReportOutput()
        let reporter = GitLabReporter(output: output)
        var script = Script()
        script.start("build[arch=amd64]")
        script.step("build[arch=amd64]", "x")
        script.say("build[arch=amd64]", "text")
        script.finish("build[arch=amd64]")
        for event in script.events { reporter.receive(event) }
        reporter.close()
        #expect(
            output.text
                == "\u{1B}[0Ksection_start:1800000000:ops_1_build_arch_amd64_[collapsed=true]\r\u{1B}[0K"
                + "build[arch=amd64]\n$ x\ntext\n"
                + "\u{1B}[0Ksection_end:1800000000:ops_1_build_arch_amd64_\r\u{1B}[0K\n✓ build[arch=amd64]  250ms\n")
    }
}
