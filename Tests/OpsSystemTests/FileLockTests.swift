import Glibc
import OpsCore
import OpsSystem
import Synchronization
import TestKit
import Testing

/// A program that holds the lock of a file until it is killed.
private func startHolder(_ path: String, ready: String) throws -> pid_t {
    let script = """
        import fcntl, os, sys, time
        file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
        fcntl.flock(file, fcntl.LOCK_EX)
        open(sys.argv[2], "w").close()
        time.sleep(600)
        """
    let pid = try spawn(["python3", "-c", script, path, ready], streams: [])
    #expect(try waitUntil { access(ready, F_OK) == 0 })
    return pid
}

private func end(_ pid: pid_t) {
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
}

@Suite struct FileLockTests {
    private let folder: TemporaryFolder
    private let path: String
    private let me = FileLock.Holder(run: "r1", task: "deploy", since: "2026-11-21T09:55:30Z")

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/locks/deploy"
    }

    @Test func oneHoldsItAndIsNamed() throws {
        let lock = try #require(try FileLock.tryAcquire(path, as: me))
        #expect(try FileLock.tryAcquire(path, as: FileLock.Holder(run: "r2")) == nil)
        #expect(FileLock.holder(path) == me)
        #expect(me.description == "deploy of the run r1 (process \(getpid())) since 2026-11-21T09:55:30Z")
        #expect(
            try folder.text("locks/deploy")
                == #"{"pid":\#(getpid()),"run":"r1","task":"deploy","since":"2026-11-21T09:55:30Z"}"# + "\n")
        #expect(try FileStatus(folder.path + "/locks").mode == 0o700)
        #expect(try FileStatus(path).mode == 0o600)
        lock.release()
        lock.release()
        #expect(FileLock.holder(path) == nil)
        #expect(try FileLock.tryAcquire(path, as: me) != nil)
    }

    @Test func whatGoesOutOfUseIsFree() throws {
        do { _ = try FileLock.tryAcquire(path, as: me) }
        #expect(try FileLock.tryAcquire(path, as: me) != nil)
    }

    @Test func theLockOfADeadProcessIsFree() throws {
        let other = folder.path + "/other"
        let pid = try startHolder(other, ready: folder.path + "/ready")
        #expect(try FileLock.tryAcquire(other, as: me) == nil)
        end(pid)
        #expect(try FileLock.tryAcquire(other, as: me) != nil)
        // Nobody who lives is told of one who died holding it.
        try folder.write("other", #"{"pid":\#(pid),"run":"r","task":"t","since":"s"}"# + "\n")
        #expect(FileLock.holder(other) == nil)
    }

    @Test func aChildDoesNotInheritIt() async throws {
        let lock = try #require(try FileLock.tryAcquire(path, as: me))
        let child = try spawn(["sleep", "600"], streams: [])
        defer { end(child) }
        lock.release()
        #expect(try FileLock.tryAcquire(path, as: me) != nil)
    }

    @Test func waitingEndsWithTheHolder() async throws {
        let lock = try #require(try FileLock.tryAcquire(path, as: me))
        let told = Mutex<[FileLock.Holder?]>([])
        async let next = FileLock.acquire(path, as: FileLock.Holder(run: "r2")) { holder in
            told.withLock { $0.append(holder) }
        }
        #expect(try await eventually { told.withLock { !$0.isEmpty } })
        try await EventLoop.shared.sleep(for: .milliseconds(20))
        lock.release()
        #expect(try await next.path == path)
        #expect(told.withLock { $0 } == [me])
    }

    @Test func waitingCanBeCancelled() async throws {
        let lock = try #require(try FileLock.tryAcquire(path, as: me))
        let path = path
        let task = Task { try await FileLock.acquire(path, as: FileLock.Holder(run: "r2")) }
        try await EventLoop.shared.sleep(for: .milliseconds(10))
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        lock.release()
        #expect(try FileLock.tryAcquire(path, as: me) != nil)
    }

    @Test func aSharedLockIsForEverybodyWhateverTheUmask() throws {
        let old = umask(0o077)
        defer { umask(old) }
        let shared = folder.path + "/shared"
        let lock = try FileLock.tryAcquire(shared, as: me, scope: .shared)
        #expect(lock != nil)
        #expect(try FileStatus(shared).mode == 0o666)
        #expect {
            try FileLock.tryAcquire(folder.path + "/missing/lock", as: me, scope: .shared)
        } throws: { ($0 as? OpsError)?.message.hasSuffix("missing/lock': No such file or directory") == true }
    }

    @Test func whatIsNoRecordIsNotOverwritten() throws {
        let file = try folder.write("precious", "precious\n")
        let lock = try FileLock.tryAcquire(file, as: me, scope: .shared)
        #expect(lock != nil)
        lock?.release()
        #expect(try folder.text("precious") == "precious\n")
        #expect(FileLock.holder(file) == nil)
    }

    @Test(arguments: [("folder", "it is a folder"), ("link", "it is a link"), ("pipe", "it is not a file")])
    func whatCannotBeLockedIsNamed(name: String, problem: String) throws {
        let path = folder.path + "/" + name
        mkdir(folder.path + "/folder", 0o755)
        symlink("/etc/passwd", folder.path + "/link")
        mkfifo(folder.path + "/pipe", 0o600)
        let error = #expect(throws: OpsError.self) { try FileLock.tryAcquire(path, as: me) }
        #expect(error?.description == "cannot lock '\(path)': \(problem)")
    }

    /// Two processes, 500 times each: never both, and none starves.
    @Test func twoProcessesRace() async throws {
        let lockFile = path
        try folder.write("count", "0")
        try folder.write("locks/.keep", "")
        let script = """
            import fcntl, os, sys
            lock, count, inside = sys.argv[1:]
            for _ in range(500):
                while True:
                    file = os.open(lock, os.O_RDWR | os.O_CREAT)
                    fcntl.flock(file, fcntl.LOCK_EX)
                    try:
                        if os.stat(lock).st_ino == os.fstat(file).st_ino: break
                    except FileNotFoundError: pass
                    os.close(file)
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
                number = int(open(count).read())
                open(count, "w").write(str(number + 1))
                os.unlink(inside)
                # Now and then the file itself goes away, as under a cleaner of folders.
                if number % 7 == 0: os.unlink(lock)
                os.close(file)
            """
        let inside = folder.path + "/inside"
        let other = try spawn(
            ["python3", "-c", script, lockFile, folder.path + "/count", inside], streams: [])
        for _ in 0..<500 {
            let lock: FileLock
            while true {
                if let found = try FileLock.tryAcquire(lockFile, as: me) {
                    lock = found
                    break
                }
                sched_yield()
            }
            let mark = open(inside, O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            try #require(mark >= 0, "both were inside")
            close(mark)
            let number = try #require(Int(try folder.text("count")))
            try folder.write("count", String(number + 1))
            unlink(inside)
            lock.release()
        }
        var status: Int32 = -1
        waitpid(other, &status, 0)
        #expect(status == 0)
        #expect(try folder.text("count") == "1000")
    }
}
