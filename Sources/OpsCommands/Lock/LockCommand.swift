import ArgumentParser
import OpsCore
import OpsReport
import OpsSharing
import OpsSystem
import OrderedCollections

/// `ops lock`.
struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Pin what a recipe includes from others.",
        subcommands: [
            LockAddCommand.self, LockCheckCommand.self, LockUpdateCommand.self, LockVendorCommand.self,
            LockVerifyCommand.self,
        ],
        defaultSubcommand: LockAddCommand.self)
}

/// `ops lock add`, which is what `ops lock` does.
struct LockAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add what is missing in ops.lock, and fetch what it names.",
        discussion: """
            Writes ops.lock beside the recipe: for each include and plugin of others, those of included recipes too, \
            the commit or manifest and the digest of its files. What is locked stays as it is; what nothing names any \
            more goes. Whoever is new is shown with what it may do, and trusted only after a yes on a terminal or by \
            --accept. This is what ops lock does by itself.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var accept: AcceptOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try LockSession(global)
            let outcome = try await session.resolve(.add, accept: accept.digests)
            try session.finish(outcome)
        }
    }
}

/// `ops lock check`.
struct LockCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check that ops.lock is complete, for CI.",
        discussion: """
            Exit status 2 where something is missing in ops.lock, where it names something that no recipe names any \
            more, or where something is not what it says. What it names and this machine lacks is fetched, exactly; no \
            tag or branch is asked for, and nothing is written but the cache.
            """)

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try LockSession(global)
            let outcome = try await session.resolve(.check, accept: [])
            var problems = outcome.problems
            problems += outcome.removed.map {
                Diagnostic(
                    code: "superfluous", "\(session.lockName) has '\($0.source)', which no recipe names any more",
                    hint: "run '\(session.command)'")
            }
            guard problems.isEmpty else { throw DiagnosticsError(problems) }
            let count = outcome.lock.entries.count
            try Console.output("\(count == 0 ? "Nothing of others is included" : "\(count) locked, all as it is").\n")
        }
    }
}

/// `ops lock update`.
struct LockUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Ask again what branches and tags mean now.",
        discussion: """
            Shows what changes before anything is written: permissions, hosts, secrets, plugins, includes, actions and \
            tasks. What changed has to be trusted as something new has.
            """)

    @Argument(
        help: ArgumentHelp("Includes or plugins, such as common or common:base; all by default.", valueName: "name"))
    var names: [String] = []
    @OptionGroup var global: GlobalOptions
    @OptionGroup var accept: AcceptOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try LockSession(global)
            let outcome = try await session.resolve(.update(names), accept: accept.digests)
            try session.finish(outcome)
        }
    }
}

/// `ops lock vendor`.
struct LockVendorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vendor", abstract: "Copy what ops.lock names into .ops/vendor.",
        discussion: """
            What lies in .ops/vendor beside the recipe is used before the cache, needs no network, and is compared with \
            ops.lock at each use. What no lock of the recipe's folder names is removed from it.
            """)

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try LockSession(global)
            let vendoring = Vendoring(session.trees, fetcher: try session.fetcher())
            let count = try await vendoring.copy(
                try session.lock(), others: try LockFile.all(in: parentFolder(of: session.path)))
            try Console.output("\(count) \(count == 1 ? "tree is" : "trees are") in \(session.trees.vendor.folder).\n")
        }
    }
}

/// `ops lock verify`.
struct LockVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read all that ops.lock names and compare it.",
        discussion:
            "Exit status 2 where a tree in .ops/vendor or in the cache is not what ops.lock says, or is in neither.")

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try LockSession(global)
            let lock = try session.lock()
            var problems: [Diagnostic] = []
            var counts = (vendor: 0, cache: 0)
            for entry in lock.entries {
                for tree in entry.trees {
                    do throws(OpsError) {
                        let isVendored = try session.trees.vendor.verified(tree) != nil
                        let isCached = try session.trees.cache?.verified(tree) != nil
                        if isVendored { counts.vendor += 1 }
                        if isCached { counts.cache += 1 }
                        guard isVendored || isCached || tree != entry.ownTree else {
                            throw OpsError(
                                .notFound, "\(tree) is not on this machine", hint: "run '\(session.command)'")
                        }
                    } catch {
                        problems.append(
                            Diagnostic(
                                code: error.code.description, "'\(entry.source)': \(error.message)", hint: error.hint))
                    }
                }
            }
            guard problems.isEmpty else { throw DiagnosticsError(problems) }
            try Console.output(
                "\(lock.entries.count) locked: \(counts.vendor) in the vendor folder and \(counts.cache) in the cache, "
                    + "all as locked.\n")
        }
    }
}

/// `--accept`, for where nobody can be asked.
struct AcceptOptions: ParsableArguments {
    @Option(
        name: .customLong("accept"),
        help: ArgumentHelp("Trust what has this digest; may be given several times.", valueName: "digest"))
    var digests: [String] = []
}
