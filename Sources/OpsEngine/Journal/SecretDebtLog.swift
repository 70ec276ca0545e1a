import Glibc
package import OpsCore
package import OpsPlugin
import OpsSystem

/// What an earlier run made on servers to get its secrets, and did not take back before it died.
package struct EarlierDebts: Sendable, Hashable {
    package var run: String
    package var debts: [SecretDebt]

    package init(run: String, debts: [SecretDebt]) {
        self.run = run
        self.debts = debts
    }
}

/// Keeps a run's debts where the next run looks for them: a file of its own in the state folder, which is there only
/// while something is to be taken back. It outlives the run's folder.
package final class SecretDebtLog: RunEventSink {
    private let run: String
    private let folder: String
    private var unpaid: [SecretDebt]
    private var descriptor: Int32 = -1
    package private(set) var failure: OpsError?

    package init(run: String, state: StateDirectory) {
        self.run = run
        folder = state.debts
        unpaid = Self.read(Self.path(run, in: folder))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func path(_ run: String, in folder: String) -> String { "\(folder)/\(run).jsonl" }

    package func receive(_ event: RunEvent) {
        switch event.kind {
        case .secretOwed(let debt):
            unpaid.append(debt)
            append(event)
        case .secretRevoked(let debt, let earlier) where earlier ?? run == run: settle(debt, event)
        case .secretRevoked(let debt, let earlier?):
            let other = SecretDebtLog(run: earlier, folder: folder)
            other.settle(debt, RunEvent(time: event.time, kind: .secretRevoked(debt, earlierRun: nil)))
        default: break
        }
    }

    private init(run: String, folder: String) {
        self.run = run
        self.folder = folder
        unpaid = Self.read(Self.path(run, in: folder))
    }

    private func settle(_ debt: SecretDebt, _ event: RunEvent) {
        guard let index = unpaid.lastIndex(of: debt) else { return }
        unpaid.remove(at: index)
        guard unpaid.isEmpty else { return append(event) }
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        unlink(Self.path(run, in: folder))
        // Another run's may still stand there.
        rmdir(folder)
    }

    private func append(_ event: RunEvent) {
        guard failure == nil else { return }
        let path = Self.path(run, in: folder)
        do throws(OpsError) {
            if descriptor < 0 {
                try makeFolders(folder, mode: 0o700)
                descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
                guard descriptor >= 0 else { throw OpsError.system("open", path) }
            }
            try writeAll(EventJSON.line(event, isExact: true), to: descriptor, path: path)
            guard fdatasync(descriptor) == 0 else { throw OpsError.system("fdatasync", path) }
        } catch { failure = error }
    }

    private static func read(_ path: String) -> [SecretDebt] {
        guard FileStatus.find(path) != nil, let bytes = try? readFile(path) else { return [] }
        var unpaid: [SecretDebt] = []
        JournalFile(bytes: bytes).forEachLine { bytes in
            let line = JournalLine(bytes)
            guard let scheme = line.text("scheme"), let id = line.text("id") else { return }
            let debt = SecretDebt(scheme: scheme, id: id)
            if line.equals("event", "secret-owed") {
                unpaid.append(debt)
            } else if let index = unpaid.lastIndex(of: debt) {
                unpaid.remove(at: index)
            }
        }
        return unpaid
    }

    /// What runs that are over have not taken back; those of `own`, a run that goes on as this one, among them.
    package static func unpaid(_ state: StateDirectory, own: String) -> [EarlierDebts] {
        guard let names = try? listFolder(state.debts) else { return [] }
        return names.compactMap { name in
            guard name.hasSuffix(".jsonl") else { return nil }
            let run = String(name.dropLast(6))
            guard run == own || !RunLock.isHeld(runDirectory: "\(state.runs)/\(run)") else { return nil }
            let debts = read(path(run, in: state.debts))
            return debts.isEmpty ? nil : EarlierDebts(run: run, debts: debts)
        }
    }
}
