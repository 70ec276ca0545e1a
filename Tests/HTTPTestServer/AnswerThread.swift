import NIOCore
import NIOPosix

/// Where answers are made: a thread of their own, as a test may block all others until it has one.
final class AnswerThread: TaskExecutor {
    static let shared = AnswerThread()
    private let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
