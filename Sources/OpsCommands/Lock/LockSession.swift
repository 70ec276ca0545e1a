import OpsCore
import OpsRecipe
import OpsReport
import OpsSharing
import OpsSystem
import OrderedCollections

/// The recipe whose lock a command reads or writes.
struct LockSession {
    let context: CommandContext
    /// The recipe, absolute, and as messages name it.
    let path: String
    let name: String
    let trees: LockedTrees
    /// The words that lock it, for hints.
    let command: String
    private let style: Style

    init(_ global: GlobalOptions) throws {
        let located = try RecipeSession.locate(file: global.file, directory: global.directory, context: .current())
        context = located.context
        name = located.path
        path = name.hasPrefix("/") ? name : context.directory + "/" + name
        command = Self.command(file: global.file, directory: global.directory)
        trees = LockedTrees(project: parentFolder(of: path), environment: context.environment)
        style = try global.style(context)
    }

    /// `ops lock` for the recipe that these options name.
    static func command(file: String?, directory: String?) -> String {
        "ops lock" + (directory.map { " -C \(ShellWord.quoted($0))" } ?? "")
            + (file.map { " -f \(ShellWord.quoted($0))" } ?? "")
    }

    var lockName: String { LockFile.path(ofRecipe: name) }
    private var lockPath: String { LockFile.path(ofRecipe: path) }

    /// Throws: an `OpsError` or a `DiagnosticsError` where a policy or the keys of signers cannot be read.
    func fetcher() throws -> SourceFetch { try fetcher(try policy()) }

    private func fetcher(_ policy: Policy) throws -> SourceFetch {
        let rules = try SignatureRules(policy, for: parentFolder(of: path), environment: context.environment)
        return try SourceFetch(environment: context.environment, directory: context.directory, rules: rules)
    }

    private func policy() throws -> Policy {
        try PolicyLoader.load(
            for: parentFolder(of: path), directory: context.directory, environment: context.environment)
    }

    /// Throws: an `OpsError` (`notFound`) where there is none, or a `DiagnosticsError`.
    func lock() throws -> LockFile {
        guard let lock = try LockFile.read(lockPath, name: lockName) else {
            throw OpsError(.notFound, "there is no \(lockName)", hint: "'\(command)' writes it")
        }
        return lock
    }

    func resolve(_ mode: LockResolver.Mode, accept: [String]) async throws -> LockOutcome {
        let old = try LockFile.read(lockPath, name: lockName) ?? LockFile()
        let policy = try policy()
        let resolver = LockResolver(mode, old: old, fetcher: try fetcher(policy), trees: trees, policy: policy) {
            request in
            try trust(request, accept, policy)
        }
        return try await resolver.resolve(path, name: name)
    }

    /// Asks on the terminal; without one only what `--accept` or the policy names is trusted.
    private func trust(_ request: TrustRequest, _ accept: [String], _ policy: Policy) throws -> Bool {
        Console.error(text(of: request))
        if accept.contains(request.digest) { return true }
        if policy.trusts(request.digest, signers: request.entry.signers) {
            Console.error("  trusted by the policy\n")
            return true
        }
        guard context.isInputTerminal, context.isErrorTerminal else { return false }
        Console.error("Trust it? [y/N] ")
        guard let answer = readLine()?.lowercased() else { return false }
        return answer == "y" || answer == "yes"
    }

    private func text(of request: TrustRequest) -> String {
        let entry = request.entry
        let what = entry.kind == .plugin ? "plugin" : "include"
        let name = style.paint(request.name.plain, .bold)
        var lines = ["\(name): the \(what) \(entry.source.plain) is new to this recipe"]
        if let changes = request.changes {
            lines[0] = "\(name): the \(what) \(entry.source.plain) changed"
            lines += changes.isEmpty ? ["  only files that it ships changed"] : changes.map { "  \($0.plain)" }
            lines.append("  it now has")
        }
        lines += request.lines.map { "  \($0.plain)" }
        lines += ["  resolved    \(entry.resolved.plain)", "  digest      \(request.digest.plain)"]
        return lines.map { $0 + "\n" }.joined()
    }

    /// Writes the lock and says what changed.
    ///
    /// Throws: a `DiagnosticsError` with all that is wrong, and what to give to `--accept`; then nothing is written.
    func finish(_ outcome: LockOutcome) throws {
        var problems = outcome.problems
        problems += outcome.refused.map { request in
            Diagnostic(
                code: "not-trusted", "'\(request.name)' is not trusted: nothing is locked",
                hint: context.isInputTerminal
                    ? "answer yes to trust it" : "to trust what is shown: --accept \(request.digest)")
        }
        guard problems.isEmpty else { throw DiagnosticsError(problems) }
        let isThere = FileStatus.find(lockPath) != nil
        guard isThere || !outcome.lock.entries.isEmpty else {
            return try Console.output("\(name) includes nothing of others: there is nothing to lock.\n")
        }
        let bytes = Array(outcome.lock.text.utf8)
        if try !isThere || readFile(lockPath) != bytes { try writeAtomically(bytes, to: lockPath, mode: 0o644) }
        try Console.output(text(of: outcome))
    }

    private func text(of outcome: LockOutcome) -> String {
        var table = TableText(width: style.width)
        let arrow = style.unicode ? "→" : "->"
        for (name, entry) in outcome.added {
            table.row([style.paint("locked", .green), style.paint(name, .bold), Self.short(entry), entry.source])
        }
        for (name, from, to, _) in outcome.changed {
            table.row([
                style.paint("moved", .yellow), style.paint(name, .bold),
                "\(Self.short(from)) \(arrow) \(Self.short(to))", to.source,
            ])
        }
        for (name, entry, reason) in outcome.fetched {
            let word = reason == .damaged ? "fetched again" : "fetched"
            table.row([style.paint(word, .green), style.paint(name, .bold), Self.short(entry), entry.source])
        }
        for entry in outcome.removed {
            table.row([style.paint("dropped", .dim), "", Self.short(entry), entry.source.plain])
        }
        let isAsBefore = outcome.added.isEmpty && outcome.changed.isEmpty && outcome.removed.isEmpty
        return table.text + (isAsBefore ? "\(outcome.lock.entries.count) locked, as before.\n" : "")
    }

    /// Twelve digits of a commit or digest.
    private static func short(_ entry: LockEntry) -> String {
        String((entry.resolved.split(separator: ":").last ?? "").prefix(12))
    }
}
