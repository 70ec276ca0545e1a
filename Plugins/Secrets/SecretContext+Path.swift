import OpsPlugin

extension SecretContext {
    /// A path of a reference: a relative one starts at the recipe's folder, `~/` at the home folder.
    func path(_ text: String) -> String {
        if text.hasPrefix("/") { return text }
        if text.hasPrefix("~/"), let home = environment["HOME"] { return home + text.dropFirst(1) }
        return directory + "/" + text
    }
}
