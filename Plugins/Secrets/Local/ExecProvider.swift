import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// `exec:`: a command whose standard output is the secret.
struct ExecProvider: SecretProvider {
    let scheme = "exec"
    let summary = "The standard output of a command, without the line break at its end"
    let example = "exec: [ my-keys, read, registry ]"
    let manual = """
        `exec: [ program, argument ]` is a command, written as a list; no shell reads it. The program is looked up \
        in `PATH`, or relative to the recipe's folder where its name has a slash. It runs in that folder with the \
        environment that ops was started with and an empty standard input, once a run.

        Its standard output, at most 1 MiB, is the secret without one line break at its end (LF or CR LF). No \
        output is `empty`. An exit status other than 0, and no end within 30 seconds, are `unreachable`: the \
        message shows the last lines of its standard error and nothing of its standard output. A command cannot \
        say that a secret is `missing`, so the next reference of a list is not asked after it.

        `ops secrets check` looks for the program and does not run it. `secret-hosts` does not bind what a program \
        connects to.
        """

    private let limit: Duration

    init(limit: Duration = .seconds(30)) { self.limit = limit }

    func check(_ reference: SecretReference) throws(OpsError) {
        guard let program = reference.arguments.first, !program.isEmpty else {
            throw OpsError(
                .invalid, "'exec' names no command", hint: "write the command as a list: exec: [ program, argument ]")
        }
        guard reference.arguments.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw OpsError(.invalid, "an argument of 'exec' holds a zero byte")
        }
        try SecretSelection.checkOptions(reference)
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        await fetchEach(references) { reference async throws(SecretFailure) in
            let key = "exec:" + JSONWriter.text(.list(([context.directory] + reference.arguments).map { .string($0) }))
            let program = program(reference, context)
            let bytes = try await context.session.once(key) { () async throws(SecretFailure) -> [UInt8] in
                let answer = try await program.run()
                guard answer.status.isSuccess else {
                    throw SecretFailure(.unreachable, "'\(program.name)' ended \(answer.ending)")
                }
                return SecretSelection.withoutLineBreak(answer.output)
            }
            return try SecretSelection(reference).apply(to: bytes, place: "the output of '\(program.name)'")
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        let program = program(reference, context)
        guard program.file != nil else { return .failure(program.notInstalled) }
        return .success(SecretProbe("the program is there; it is not run, since what it prints is the secret"))
    }

    private func program(_ reference: SecretReference, _ context: SecretContext) -> SecretProgram {
        SecretProgram(
            name: reference.arguments.first ?? "", arguments: Array(reference.arguments.dropFirst()),
            environment: context.environment, directory: context.directory, limit: limit)
    }
}
