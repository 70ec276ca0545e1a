import OpsCore
import TestKit

/// Keys and files for tests, made with Debian's age and with Python's `cryptography`.
enum AgeFixtures {
    static let identity = "AGE-SECRET-KEY-1UKEASJMP9Y9TPJMM8RJW2R4NCQ2UDDJXUQFRSTPYHRKGC2KQ59YQ900E9Z"
    static let recipient = "age14c55c86v2kr5kgsngqqg9c77z2sxct2xrd77h4ftszcwepxarvdq5ptcu2"

    /// Another identity, which opens nothing here.
    static let stranger = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"

    static let passphrase = "correct horse"
    /// The identity and a line break, encrypted with the passphrase (2^10 rounds).
    static let encryptedIdentity = """
        -----BEGIN AGE ENCRYPTED FILE-----
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBZMGVhMXBvSkN5V0NkK3lQ
        dW0rWlFRIDEwClpxUzFweEZDTGdGRU1rbDB1dWFjZVBIYXdOVGZEdGw1M2JVSlND
        OU1ZUFUKLS0tIDl3UEFyckxQOUNxUkhRcEJjbzgyMTZKcmpBSXA2R1R6YXVTOE5p
        SHFZZFUKeDd7UldXtJRCf4kBT5fXmdT3G6cEGe+dAuqfwY6LoYDTGgT5iLLuzkHB
        UWdxTtkqE1ywLa/ojggJcGZEP/I0n85ljj0pP5FyJMTdy5HKwY/CC6J868HZnMBT
        BRXtVm0RhXvPgCM+RaWQplQ=
        -----END AGE ENCRYPTED FILE-----
        """

    /// Encrypts with Debian's age.
    static func encrypt(_ text: String, _ options: String...) throws -> [UInt8] {
        let result = try run(["age"] + options, input: Array(text.utf8))
        guard result.status == 0 else { throw OpsError(.command, "age: \(result.errorText)") }
        return result.output
    }
}
