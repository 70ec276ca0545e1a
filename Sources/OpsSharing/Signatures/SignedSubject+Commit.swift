import OpsCore
import OpsSSH

extension SignedSubject {
    /// A commit object: its signature stands in the header `gpgsig`, whose further lines start with a space, and is over
    /// all the rest (git's Documentation/gitformat-signature).
    init(commit object: [UInt8], name: String) {
        self.init(name: name, message: [], namespace: "git")
        var rest = object[...]
        var signature: [UInt8]?
        var isSignature = false
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[...end]
            // Behind the empty line stands what the author wrote.
            if line.count == 1 { break }
            if line.first == 0x20 {
                if isSignature { signature? += line.dropFirst() }
            } else {
                isSignature = line.starts(with: Array("gpgsig ".utf8))
                if isSignature { signature = Array(line.dropFirst(7)) }
            }
            let isLeftOut = isSignature || line.starts(with: Array("gpgsig-sha256 ".utf8))
            if !isLeftOut { message += line }
            rest = rest[(end + 1)...]
        }
        message += rest
        guard let signature else { return }
        do throws(OpsError) {
            signatures = [try SSHSignature(armored: String(decoding: signature, as: UTF8.self))]
        } catch {
            unreadable = [error]
        }
    }
}
