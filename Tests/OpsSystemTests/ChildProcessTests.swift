import Glibc
import OpsCore
import OpsSystem
import Synchronization
import TestKit
import Testing

private func openDescriptors() throws -> Int { try FileTree.find("/proc/self/fd/*", in: "/").count }

@Suite(.serialized, .timeLimit(.minutes(10))) struct ChildProcessTests {
    @Test(arguments: [
        ("exit 0", OpsSystem.ExitStatus.exited(0)), ("exit 3", .exited(3)), ("kill -9 $$", .signalled(SIGKILL)),
        ("kill -TERM $$", .signalled(SIGTERM)),
    ])
    func tellsHowItEnded(script: String, status: OpsSystem.ExitStatus) async throws {
        #expect(try await ChildProcess.run(bash(script)).status == status)
    }

    @Test func keepsTheStreamsApart() async throws {
        let streams = Streams()
        _ = try await ChildProcess.run(bash("echo out; echo err >&2; cat")) { streams.add($0, $1) }
        #expect(streams.output == "out\n")
        #expect(streams.error == "err\n")
    }

    @Test func environmentArgumentsAndFolderAreExact() async throws {
        let streams = Streams()
        var spec = ChildSpec(
            executable: "/usr/bin/env", arguments: [], environment: ["A": "1 = 2", "Ü": "ä\nb"], directory: "/usr")
        _ = try await ChildProcess.run(spec) { streams.add($0, $1) }
        #expect(Set(streams.output.split(separator: "\n")) == ["A=1 = 2", "Ü=ä", "b"])
        let more = Streams()
        spec = ChildSpec(
            executable: "/bin/bash", arguments: ["-c", "pwd; printf '<%s>' \"$0\" \"$@\"", "", "a b", "*"],
            environment: [:], directory: "/usr")
        spec.name = "renamed"
        _ = try await ChildProcess.run(spec) { more.add($0, $1) }
        #expect(more.output == "/usr\n<><a b><*>")
    }

    @Test func childStartsClean() async throws {
        // A session of its own, default signals, nothing open but its three streams.
        let streams = Streams()
        let spec = ChildSpec(
            executable: "/bin/bash",
            arguments: [
                "-c",
                "ls /proc/self/fd | tr '\\n' ' '; grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\n'; [ $(ps -o sid= -p $$) = $$ ] && echo leader",
            ],
            environment: ["PATH": "/usr/bin:/bin"])
        let open = Glibc.open("/dev/null", O_RDONLY)
        defer { close(open) }
        _ = try await ChildProcess.run(spec) { streams.add($0, $1) }
        // `ls` itself has the folder open as 3.
        #expect(streams.output.hasPrefix("0 1 2 3 "))
        #expect(streams.output.contains("SigBlk:\t0000000000000000"))
        // The C library's own signals (32 and up) are nobody's business.
        let ignored = streams.output.split(separator: "SigIgn:\t").last.flatMap { UInt64($0.prefix(16), radix: 16) }
        #expect(ignored.map { $0 & 0x7FFF_FFFF } == 0)
        #expect(streams.output.hasSuffix("leader\n"))
    }

    @Test func bigInputAndOutputPassThrough() async throws {
        let bytes = (0..<20_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        var spec = bash("cat")
        spec.input = .bytes(bytes)
        let holder = Holder(bytes)
        let counter = Counter()
        let result = try await ChildProcess.run(spec) { _, chunk in counter.compare(chunk, holder.bytes) }
        #expect(result.status.isSuccess)
        #expect(counter.count == bytes.count)
        #expect(counter.isEqual)
    }

    @Test func aConversationGoesOnUntilItIsClosed() async throws {
        let streams = Streams()
        // More than a pipe holds, to a reader that waits for its end.
        let first = [UInt8](repeating: UInt8(ascii: "x"), count: 300_000) + [0x0A]
        let input = ChildInput(first)
        var spec = bash("read -r line; echo ${#line}; read -r line; echo \"$line\"; cat; echo end")
        spec.input = .conversation(input)
        _ = try await ChildProcess.run(spec) { stream, bytes in
            let before = streams.output.split(separator: "\n").count
            streams.add(stream, bytes)
            let lines = streams.output.split(separator: "\n").count
            guard lines > before else { return }
            EventLoop.assumeIsolated {
                // One answer for each line, and the end behind the second.
                if before < 1, lines >= 1 { input.send(Array("second\n".utf8)) }
                if before < 2, lines >= 2 { input.close() }
            }
        }
        #expect(streams.output == "300000\nsecond\nend\n")
    }

    @Test func aConversationWithWhoIsGoneIsFine() async throws {
        let input = ChildInput([UInt8](repeating: 0x20, count: 1 << 20))
        var spec = bash("exit 3")
        spec.input = .conversation(input)
        #expect(try await ChildProcess.run(spec).status == .exited(3))
        await input.send([0x20])
        await input.close()
    }

    @Test func readerThatGoesAwayEarlyIsFine() async throws {
        var spec = bash("head -c 3; exec <&-; sleep 0.05; exit 4")
        spec.input = .bytes([UInt8](repeating: 65, count: 5_000_000))
        let streams = Streams()
        #expect(try await ChildProcess.run(spec) { streams.add($0, $1) }.status == .exited(4))
        #expect(streams.output == "AAA")
    }

    @Test func muchOutputKeepsMemoryFlat() async throws {
        let before = try residentKilobytes()
        let counter = Counter()
        _ = try await ChildProcess.run(bash("head -c 200000000 /dev/zero")) { _, chunk in counter.add(chunk.count) }
        #expect(counter.count == 200_000_000)
        #expect(try residentKilobytes() - before < 60_000)
    }

    @Test(arguments: [
        (
            ChildSpec(executable: "/nowhere/tool", arguments: [], environment: [:]),
            "cannot start '/nowhere/tool': No such file or directory"
        ),
        (
            ChildSpec(executable: "/etc/passwd", arguments: [], environment: [:]),
            "cannot start '/etc/passwd': Permission denied (is it executable?)"
        ),
        (
            ChildSpec(executable: "/bin/true", arguments: [], environment: [:], directory: "/nowhere"),
            "cannot start '/bin/true': the folder '/nowhere' does not exist"
        ),
    ])
    func cannotStart(spec: ChildSpec, message: String) async throws {
        let error = await #expect(throws: OpsError.self) { try await ChildProcess.run(spec) }
        #expect(error?.description == message)
    }

    @Test func badInterpreterIsExplained() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("script", "#!/nowhere/perl\n", mode: 0o755)
        let error = await #expect(throws: OpsError.self) {
            try await ChildProcess.run(ChildSpec(executable: file, arguments: [], environment: [:]))
        }
        #expect(error?.hint?.contains("the interpreter it names in its first line") == true)
        let plain = try folder.write("plain", "exit 7\n", mode: 0o755)
        #expect(
            try await ChildProcess.run(ChildSpec(executable: plain, arguments: [], environment: [:])).status
                == .exited(7))
    }

    @Test func tooManyArguments() async throws {
        let spec = ChildSpec(
            executable: "/bin/true", arguments: [String](repeating: String(repeating: "x", count: 100_000), count: 100),
            environment: [:])
        let error = await #expect(throws: OpsError.self) { try await ChildProcess.run(spec) }
        #expect(error?.message.contains("Argument list too long") == true)
        #expect(error?.hint != nil)
    }

    @Test func thousandsOfSpawnsLeakNothing() async throws {
        _ = try await ChildProcess.run(bash("true"))
        let before = try openDescriptors()
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask {
                    for _ in 0..<250 {
                        var spec = ChildSpec(
                            executable: lane == 7 ? "/nowhere" : "/bin/true", arguments: [], environment: [:])
                        spec.input = .bytes([1])
                        _ = try? await ChildProcess.run(spec)
                    }
                }
            }
        }
        #expect(try openDescriptors() <= before)
    }
}

private final class Holder: Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
}

private final class Counter: Sendable {
    private let state = Mutex((count: 0, isEqual: true))

    var count: Int { state.withLock { $0.count } }
    var isEqual: Bool { state.withLock { $0.isEqual } }

    func add(_ number: Int) { state.withLock { $0.count += number } }

    func compare(_ chunk: UnsafeRawBufferPointer, _ wanted: [UInt8]) {
        state.withLock { state in
            let end = state.count + chunk.count
            let isEqual = end <= wanted.count && wanted[state.count..<end].elementsEqual(chunk)
            state = (end, state.isEqual && isEqual)
        }
    }
}

private func residentKilobytes() throws -> Int {
    let text = String(decoding: try readFile("/proc/self/statm"), as: UTF8.self)
    return (Int(text.split(separator: " ")[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
}
