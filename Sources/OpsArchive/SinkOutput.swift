/// Takes a block of bytes; what it throws ends the work.
package typealias ByteSink = (UnsafeRawBufferPointer) throws -> Void

/// A sink as C code calls it. The first error is kept, and nothing comes to the sink after it.
final class SinkOutput {
    var error: (any Error)?
    /// The bytes that went through since it was last set to 0.
    var size = 0
    private let sink: ByteSink

    init(_ sink: @escaping ByteSink) { self.sink = sink }

    /// For C; valid as long as this object is.
    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    /// 0, or 1 where the sink threw.
    static func take(_ context: UnsafeMutableRawPointer?, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int32 {
        guard let context else { return 1 }
        let output = Unmanaged<SinkOutput>.fromOpaque(context).takeUnretainedValue()
        if output.error != nil { return 1 }
        do {
            try output.sink(UnsafeRawBufferPointer(start: bytes, count: count))
            output.size += count
            return 0
        } catch {
            output.error = error
            return 1
        }
    }
}
