import Glibc
import OpsCommands
import OpsSystem

@main
enum Main {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        exit(EventLoop.shared.runOnMainThread { await CommandLineTool.run(arguments) })
    }
}
