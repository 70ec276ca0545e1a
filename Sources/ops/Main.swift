import Glibc
import OpsCommands
import OpsSystem

@main
enum Main {
    static func main() {
        // A reader that goes away is an error of the write, not the end of ops.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        exit(EventLoop.shared.runOnMainThread { await CommandLineTool.run(arguments) })
    }
}
