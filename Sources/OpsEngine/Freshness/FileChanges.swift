import OpsCore
import OpsSystem

/// What is not as a record says, in words.
struct FileChanges {
    private var reasons: [String] = []

    /// Nil where nothing changed.
    var text: String? { Self.text(reasons) }

    /// `src/a.swift changed`, `src/a.swift changed, src/b.swift is new and 3 more`.
    static func text(_ reasons: [String]) -> String? {
        guard reasons.count > 2 else { return reasons.isEmpty ? nil : reasons.joined(separator: ", ") }
        return "\(reasons[0]), \(reasons[1]) and \(reasons.count - 2) more"
    }

    /// Compares the paths that match with those that did; both are in byte order. Gives the finds of the recorded ones.
    mutating func compare(_ recorded: [FileState], with found: [FoundFile]) -> [FoundFile] {
        var (old, new) = (0, 0)
        var same: [FoundFile] = []
        while old < recorded.count || new < found.count {
            if old < recorded.count, new < found.count, recorded[old].path == found[new].path {
                same.append(found[new])
                (old, new) = (old + 1, new + 1)
            } else if old == recorded.count
                || new < found.count && found[new].path.utf8.lexicographicallyPrecedes(recorded[old].path.utf8)
            {
                reasons.append("\(found[new].path) is new")
                new += 1
            } else {
                reasons.append("\(recorded[old].path) is gone")
                old += 1
            }
        }
        return same
    }

    /// The products where they were; others that match meanwhile are somebody else's.
    mutating func compareProducts(_ recorded: [FileState], in directory: String) -> [FoundFile] {
        recorded.compactMap { state in
            if let file = FoundFile.one(state.path, in: directory) { return file }
            reasons.append("\(state.path) is gone")
            return nil
        }
    }

    /// Compares content, reading only what may have changed. Gives the states that prove the same from now on.
    mutating func compareContent(
        _ recorded: [FileState], _ found: [FoundFile], _ digests: ContentDigests
    ) async throws -> [FileState] {
        let states = try await digests.states(of: found)
        for (old, new) in zip(recorded, states) where !old.hasSameContent(as: new) {
            reasons.append("\(old.path) changed")
        }
        return states
    }
}
