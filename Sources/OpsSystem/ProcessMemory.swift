import COpsSystem

/// What others may see of this process.
package enum ProcessMemory {
    /// From now on it leaves no core dump, and of other processes only root's may read its memory and the environment
    /// that it was started with (prctl(2), PR_SET_DUMPABLE). Children have what ops itself was started with.
    package static func hide() { ops_hide_memory() }

    /// Makes about so many bytes cheap to get: for who is about to read much.
    package static func expect(_ bytes: Int) { ops_expect_memory(bytes) }
}
