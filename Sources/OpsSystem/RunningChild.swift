import COpsSystem
import Glibc
import OpsCore

/// One child from its start to the end of its tree.
@EventLoopActor
final class RunningChild {
    private enum Phase { case new, running, exited, ending, done }

    private let grace: Duration
    private let leftOvers: ChildSpec.LeftOvers
    private let output: @Sendable (ChildStream, UnsafeRawBufferPointer) -> Void
    /// Called once, with the end.
    private var completion: ((Result<ChildResult, any Error>) -> Void)?
    private var phase = Phase.new
    private var cancelledAt: UInt64?
    private nonisolated let cancellation = CancellationFlag()
    private var isCancelled: Bool { cancelledAt != nil }
    private var tree: ProcessTree?
    private var pidfd: Int32 = -1
    private var result = ChildResult(status: .exited(0))
    private var isInteractive = false
    /// The streams that are open, as many as two.
    private var openStreams: [(descriptor: Int32, stream: ChildStream)] = []
    private var input: InputWriter?
    private var exitedAt: UInt64 = 0
    private var lastOutputAt: UInt64 = 0

    /// Children that were started and are not done.
    private static var runningCount = 0
    private static let quiet = Duration.milliseconds(500)
    private static let drainLimit = Duration.seconds(2)
    private static let settling = Duration.milliseconds(50)
    private static let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    private static let becomeSubreaper: Void = ops_become_subreaper()
    private static let devNull = open("/dev/null", O_RDWR | O_CLOEXEC)

    nonisolated init(
        grace: Duration, leftOvers: ChildSpec.LeftOvers,
        output: @escaping @Sendable (ChildStream, UnsafeRawBufferPointer) -> Void
    ) {
        self.grace = grace
        self.leftOvers = leftOvers
        self.output = output
    }

    func start(_ spec: ChildSpec, _ completion: @escaping (Result<ChildResult, any Error>) -> Void) {
        self.completion = completion
        guard !isCancelled else { return finish(throwing: CancellationError()) }
        do throws(OpsError) { try spawn(spec) } catch { finish(throwing: error) }
    }

    private func spawn(_ spec: ChildSpec) throws(OpsError) {
        _ = Self.becomeSubreaper
        var theirs: [Int32] = []
        var toClose: [Int32] = []
        var ours: [(descriptor: Int32, stream: ChildStream)] = []
        var writer: Int32 = -1
        defer { for descriptor in toClose { close(descriptor) } }
        func pipe() throws(OpsError) -> (reader: Int32, writer: Int32) {
            var ends: [Int32] = [-1, -1]
            let status = ops_pipe(&ends)
            guard status == 0 else {
                for (descriptor, _) in ours { close(descriptor) }
                if writer >= 0 { close(writer) }
                throw OpsError(.system, "cannot make a pipe: \(OpsError.errorText(-status))")
            }
            return (ends[0], ends[1])
        }
        var content = Ends.Input.bytes([])
        switch spec.isInteractive ? .inherit : spec.input {
        case .empty: theirs.append(Self.devNull)
        case .file(let descriptor): theirs.append(descriptor)
        case .inherit: theirs.append(0)
        case .bytes, .conversation:
            let ends = try pipe()
            theirs.append(ends.reader)
            toClose.append(ends.reader)
            writer = ends.writer
            if case .bytes(let bytes) = spec.input { content = .bytes(bytes) }
            if case .conversation(let input) = spec.input { content = .conversation(input) }
        }
        for (target, stream, own) in [(spec.output, ChildStream.output, Int32(1)), (spec.error, .error, 2)] {
            switch spec.isInteractive ? .inherit : target {
            case .inherit: theirs.append(own)
            case .file(let descriptor): theirs.append(descriptor)
            case .stream:
                let ends = try pipe()
                theirs.append(ends.writer)
                toClose.append(ends.writer)
                ours.append((ends.reader, stream))
            }
        }
        let terminal: Int32 = spec.isInteractive && Terminal.isTerminal(0) && tcgetpgrp(0) == getpgrp() ? 0 : -1
        isInteractive = terminal >= 0
        let ends = Ends(ours: ours, theirs: toClose, writer: writer, input: content)
        toClose = []
        let streams = theirs
        if Self.runningCount > 0, !isInteractive {
            let flag = cancellation
            let isSubmitted = Spawner.shared.submit {
                var pidfd: Int32 = -1
                // What is cancelled while it waits is not started.
                let pid = flag.isCancelled ? -ECANCELED : spec.start(streams: streams, terminal: -1, &pidfd)
                let descriptor = pidfd
                EventLoop.shared.perform {
                    ProcessTree.startsUnderWay -= 1
                    self.started(spec, pid, descriptor, ends)
                }
            }
            if isSubmitted {
                ProcessTree.startsUnderWay += 1
                return
            }
        }
        let pid = spec.start(streams: streams, terminal: terminal, &pidfd)
        started(spec, pid, pidfd, ends)
    }

    /// Our descriptors while a program is started.
    private struct Ends: Sendable {
        var ours: [(descriptor: Int32, stream: ChildStream)]
        /// The child's, to be closed here.
        var theirs: [Int32]
        var writer: Int32
        var input: Input

        enum Input: Sendable {
            case bytes([UInt8])
            case conversation(ChildInput)
        }
    }

    private func started(_ spec: ChildSpec, _ pid: pid_t, _ pidfd: Int32, _ ends: Ends) {
        for descriptor in ends.theirs { close(descriptor) }
        guard pid > 0 else {
            for (descriptor, _) in ends.ours { close(descriptor) }
            if ends.writer >= 0 { close(ends.writer) }
            isInteractive = false
            return finish(throwing: pid == -ECANCELED ? CancellationError() : spec.failure(-pid))
        }
        self.pidfd = pidfd
        let tree = ProcessTree(pid, marker: spec.marker.map { Array($0.utf8) })
        self.tree = tree
        phase = .running
        Self.runningCount += 1
        let loop = EventLoop.shared
        do throws(OpsError) {
            try loop.watch(pidfd, for: .readable) { _ in self.exited() }
            for (descriptor, stream) in ends.ours {
                openStreams.append((descriptor, stream))
                try loop.watch(descriptor, for: .readable) { readiness in
                    // Nobody writes to it and nothing is in it: there is no need to ask.
                    if readiness == .hangUp { self.closeStream(descriptor) } else { self.read(descriptor, stream) }
                }
            }
        } catch {
            // Out of kernel memory: the child must not outlive the error.
            tree.kill()
            tree.forget()
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            for descriptor in [pidfd] + ends.ours.map(\.descriptor) { loop.closeWatched(descriptor) }
            openStreams = []
            if ends.writer >= 0 { close(ends.writer) }
            return finish(throwing: error)
        }
        if ends.writer >= 0 {
            switch ends.input {
            case .bytes(let bytes): input = InputWriter(ends.writer, bytes)
            case .conversation(let conversation): input = conversation.attach(ends.writer)
            }
        }
        // It was cancelled while it was started.
        if isCancelled { terminate(tree) }
    }

    private func terminate(_ tree: ProcessTree) {
        tree.terminate()
        EventLoop.shared.after(grace) { if self.phase == .running { tree.kill() } }
    }

    /// One piece; false where there is none now.
    @discardableResult
    private func read(_ descriptor: Int32, _ stream: ChildStream) -> Bool {
        let count = Glibc.read(descriptor, Self.buffer.baseAddress, Self.buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return false }
        guard count > 0 else {
            closeStream(descriptor)
            return false
        }
        // A pipe that runs full is worth a larger one; most never do.
        if count == 1 << 16 { ops_grow_pipe(descriptor, 1 << 20) }
        if phase != .running { lastOutputAt = Clock.ticks() }
        guard phase != .done else { return true }
        output(stream, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(Self.buffer)[..<count]))
        return true
    }

    private func isOpen(_ descriptor: Int32) -> Bool { openStreams.contains { $0.descriptor == descriptor } }

    private func closeStream(_ descriptor: Int32) {
        EventLoop.shared.closeWatched(descriptor)
        openStreams.removeAll { $0.descriptor == descriptor }
        if phase == .exited, openStreams.isEmpty { endGroup() }
    }

    private func exited() {
        var status: Int32 = 0
        guard let tree else { return }
        let reaped = ops_reap(tree.id, &status)
        guard reaped != 0 else { return }
        tree.programEnded()
        EventLoop.shared.closeWatched(pidfd)
        input?.finish()
        input = nil
        let signal = status & 0x7F
        // Reaped by somebody else in our process: its status is lost, it counts as failed.
        result.status = reaped < 0 ? .exited(255) : signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
        if isInteractive { ops_take_terminal(0, getpgrp()) }
        guard phase == .running else { return }
        phase = .exited
        exitedAt = Clock.ticks()
        lastOutputAt = exitedAt
        if openStreams.isEmpty || isCancelled {
            endGroup()
        } else {
            EventLoop.shared.after(Self.quiet) { self.drain() }
        }
    }

    /// Something it started still holds a stream.
    private func drain() {
        guard phase == .exited else { return }
        let quietFor = Clock.elapsed(since: lastOutputAt)
        if quietFor >= Self.quiet || Clock.elapsed(since: exitedAt) >= Self.drainLimit { return endGroup() }
        EventLoop.shared.after(Self.quiet - quietFor) { self.drain() }
    }

    /// The first process has ended: so do the others of its tree, unless they are to be kept.
    private func endGroup() {
        phase = .ending
        settle(Clock.ticks())
    }

    /// What closes its streams is mostly about to end: only what is still there a moment later was left behind.
    private func settle(_ start: UInt64) {
        guard let tree, tree.isAlive else { return finish() }
        if !isCancelled, Clock.elapsed(since: start) < Self.settling {
            EventLoop.shared.after(.milliseconds(2)) { self.settle(start) }
            return
        }
        if leftOvers == .keep, !isCancelled {
            result.leftOver = tree
            return finish()
        }
        result.endedLeftOvers = true
        // One grace for all, counted from the cancellation.
        let left = cancelledAt.map { max(.zero, grace - Clock.elapsed(since: $0)) } ?? grace
        tree.waitUntilEmpty(killAfter: left) { self.finish() }
    }

    func cancel() {
        guard !isCancelled else { return }
        cancelledAt = Clock.ticks()
        cancellation.cancel()
        switch phase {
        case .running: if let tree { terminate(tree) }
        case .exited: endGroup()
        case .new, .ending, .done: break
        }
    }

    private func finish() {
        // What was written before the end is in the pipes still; what is left behind may hold them open.
        for (descriptor, stream) in openStreams where result.leftOver == nil {
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            // Bounded: what made a session of its own may write for ever.
            for _ in 0..<32 where isOpen(descriptor) {
                if !read(descriptor, stream) { break }
            }
            if isOpen(descriptor) { closeStream(descriptor) }
        }
        if result.leftOver == nil { tree?.forget() }
        if isCancelled { finish(throwing: CancellationError()) } else { finish(.success(result)) }
    }

    private func finish(throwing error: any Error) { finish(.failure(error)) }

    private func finish(_ outcome: Result<ChildResult, any Error>) {
        if tree != nil, phase != .done { Self.runningCount -= 1 }
        phase = .done
        completion?(outcome)
        completion = nil
    }
}
