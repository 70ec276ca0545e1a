import OpsCore

/// What runs script text: a command to which the script's file is appended.
struct Interpreter {
    let command: [String]

    var program: String { command[0] }

    /// For what tells languages by it, and for messages that name the file.
    var fileExtension: String { program.hasSuffix("python3") ? ".py" : program.hasSuffix("sh") ? ".sh" : "" }

    /// `bash` and `sh` by their names alone stop at the first failure; any other command is taken as it is.
    init(_ shell: [String]) throws(OpsError) {
        switch shell {
        case ["bash"]: command = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
        case ["sh"]: command = ["sh", "-e"]
        default: command = shell
        }
        guard let program = command.first, !program.isEmpty else { throw OpsError(.invalid, "'shell' is empty") }
    }
}
