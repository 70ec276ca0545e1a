import COpsSystem

/// Core dumps of this process.
package enum CoreDumps {
    /// None from now on; children keep the limit that ops was started with.
    package static func forbid() { ops_forbid_core_dumps() }
}
