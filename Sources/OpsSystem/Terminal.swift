import COpsSystem
import Glibc

/// Facts about the terminal behind a descriptor.
package enum Terminal {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// In columns; nil where it is no terminal or says nothing.
    package static func width(_ descriptor: Int32) -> Int? {
        let width = ops_terminal_width(descriptor)
        return width > 0 ? Int(width) : nil
    }
}
