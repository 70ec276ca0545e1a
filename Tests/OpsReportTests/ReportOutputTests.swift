import Glibc
import OpsCore
import OpsEngine
import OpsPlugin
import TestKit
import Testing

@testable import OpsReport

@Suite struct ReportOutputTests {
    @Test func aReaderThatWentAwayIsRemembered() {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let output = ReportOutput(descriptor: ends[1])
        output.write("text")
        output.flush()
        #expect(output.failure == EPIPE)
        output.write([UInt8](repeating: 0, count: 1 << 20))
        output.flush()
        #expect(output.bytes == [])
        close(ends[1])
    }

    @Test func writesAllOnANonBlockingPipe() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        // The reader must not hold the writing end, or it never sees the end.
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let folder = try TemporaryFolder()
        let target = open(folder.path + "/copy", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let pid = try spawn(["sh", "-c", "sleep 0.1; cat"], streams: [ends[0], target, 2])
        close(ends[0])
        close(target)
        let output = ReportOutput(descriptor: ends[1])
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for start in stride(from: 0, to: bytes.count, by: 10_007) {
            output.write(Array(bytes[start..<min(start + 10_007, bytes.count)]))
        }
        output.flush()
        close(ends[1])
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        #expect(output.failure == nil)
        #expect(try folder.read("copy") == bytes)
    }

    @Test func muchOutputOfOneTaskBesideAnotherIsWhole() throws {
        let folder = try TemporaryFolder()
        let file = open(folder.path + "/out", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let output = ReportOutput(descriptor: file)
        let reporter = PlainReporter(standardOutput: output, standardError: ReportOutput())
        var script = Script()
        script.start("a")
        script.start("b")
        script.step("b", "x")
        let line = Array((String(repeating: "0123456789abcdef", count: 4095) + "0123456789abcde\n").utf8)
        for _ in 0..<80 {
            script.add(.output(StepID(task: TaskID(name: "b"), index: 0), .standardOutput, line))
        }
        for event in script.events { reporter.receive(event) }
        #expect(try folder.read("out") == [])
        var end = Script()
        end.finish("b")
        for event in end.events { reporter.receive(event) }
        close(file)
        let head = Array("▶ b\n$ x\n".utf8)
        let whole = try folder.read("out")
        #expect(whole == head + Array(repeatElement(line, count: 80).joined()) + Array("✓ b  250ms\n".utf8))
    }

    @Test func aBufferGoesToAFileBehindItsLimit() {
        let buffer = SpillBuffer()
        let piece = [UInt8](repeating: 7, count: 300_000)
        for _ in 0..<3 { piece.withUnsafeBytes { buffer.append($0) } }
        #expect(!buffer.isSpilled)
        for _ in 0..<3 { piece.withUnsafeBytes { buffer.append($0) } }
        #expect(buffer.isSpilled)
        var count = 0
        buffer.forEachPiece { count += $0.count }
        #expect(count == 1_800_000)
        #expect(buffer.lost == 0)
    }
}
