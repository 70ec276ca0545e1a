/// Texts as exec(2) takes them: one block of bytes, each text ended by zero.
struct CStringList {
    private var bytes: [CChar] = []
    private var offsets: [Int] = []

    init(_ texts: [String]) {
        offsets.reserveCapacity(texts.count)
        for text in texts {
            offsets.append(bytes.count)
            // A zero byte would cut the text short; callers reject it, this makes sure that nothing hides behind it.
            for byte in text.utf8 where byte != 0 { bytes.append(CChar(bitPattern: byte)) }
            bytes.append(0)
        }
    }

    /// The list of pointers, ended by nil, valid during the call.
    func withPointers<T>(_ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> T) -> T {
        bytes.withUnsafeBufferPointer { buffer in
            let base = buffer.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
            let pointers = offsets.map { offset in base.map { $0 + offset } } + [nil]
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
