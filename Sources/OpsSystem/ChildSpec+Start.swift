import COpsSystem
import Glibc
import OpsCore

extension ChildSpec {
    /// Starts the program; gives its process id, or a negative error number.
    ///
    /// - Parameters:
    ///   - streams: what becomes its descriptors 0, 1 and 2.
    ///   - terminal: handed over to it; -1 for none.
    ///   - pidfd: is set to a descriptor that is readable once it has ended.
    func start(streams: [Int32], terminal: Int32, _ pidfd: inout Int32) -> pid_t {
        guard !sandboxes.isEmpty else { return start(streams, terminal, nil, &pidfd) }
        let cage = SandboxCage(sandboxes)
        guard cage.error == 0 else { return -cage.error }
        let pid = cage.withPointer(leavesNetwork: true) { start(streams, terminal, $0, &pidfd) }
        guard pid == -pid_t(OPS_NO_NAMESPACE) else { return pid }
        SandboxSupport.lacksNamespace()
        return cage.withPointer(leavesNetwork: false) { start(streams, terminal, $0, &pidfd) }
    }

    private func start(
        _ streams: [Int32], _ terminal: Int32, _ cage: UnsafePointer<ops_cage>?, _ pidfd: inout Int32
    ) -> pid_t {
        let argv = CStringList([name ?? executable] + arguments)
        let pid = start(executable, argv, streams, terminal, cage, &pidfd)
        guard pid == -ENOEXEC else { return pid }
        // As execvp(3) does: a file without a header line is a shell script.
        return start(
            "/bin/sh", CStringList(["/bin/sh", executable] + arguments), streams, terminal, cage, &pidfd)
    }

    private func start(
        _ path: String, _ argv: CStringList, _ streams: [Int32], _ terminal: Int32, _ cage: UnsafePointer<ops_cage>?,
        _ pidfd: inout Int32
    ) -> pid_t {
        let environment = CStringList(environment: self.environment)
        return path.withCString { path in
            argv.withPointers { arguments in
                environment.withPointers { environment in
                    func spawn(_ directory: UnsafePointer<CChar>?) -> pid_t {
                        var request = ops_spawn_request(
                            path: path, arguments: arguments, environment: environment, directory: directory,
                            streams: (streams[0], streams[1], streams[2]), owns_session: !isInteractive,
                            terminal: terminal, cage: cage)
                        return ops_spawn(&request, &pidfd)
                    }
                    guard let directory = self.directory else { return spawn(nil) }
                    return directory.withCString { spawn($0) }
                }
            }
        }
    }

    /// Why it could not be started, with the remedy.
    func failure(_ number: Int32) -> OpsError {
        if let directory, FileStatus.find(directory)?.kind != .folder {
            return OpsError(.notFound, "cannot start '\(executable)': the folder '\(directory)' does not exist")
        }
        var error = OpsError.system("start", executable, number)
        switch number {
        case E2BIG: error.hint = "arguments and environment are too large for the system; hand data over in a file"
        case ENOENT where FileStatus.find(executable) != nil:
            error.hint = "the file is there: the interpreter it names in its first line, or its loader, is not"
        case EACCES where FileStatus.find(executable) != nil: error.hint = "is it executable?"
        default: break
        }
        return error
    }
}
