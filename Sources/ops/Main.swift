import COpsSystem
import Glibc
import OpsCommands
import OpsSystem

@main
enum Main {
    static func main() {
        ops_reserve_streams()
        ops_keep_memory()
        // A reader that goes away is an error of the write, not the end of ops.
        signal(SIGPIPE, SIG_IGN)
        // So is a limit on the size of files (setrlimit(2), RLIMIT_FSIZE).
        signal(SIGXFSZ, SIG_IGN)
        let arguments = (1..<max(1, ops_argument_count())).compactMap { ops_argument($0).map { String(cString: $0) } }
        // Before there is a second thread, or a secret.
        let isRun = CommandLineTool.isRun(arguments)
        if isRun { Guard.start() }
        exit(
            EventLoop.shared.runOnMainThread {
                if isRun { await Guard.watch() }
                return await CommandLineTool.run(arguments)
            })
    }
}
