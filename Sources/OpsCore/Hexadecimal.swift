/// Two lower-case hexadecimal digits for each byte.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    return String(unsafeUninitializedCapacity: 2 * bytes.count) { buffer in
        func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
        for (index, byte) in bytes.enumerated() {
            buffer[2 * index] = digit(byte >> 4)
            buffer[2 * index + 1] = digit(byte & 15)
        }
        return 2 * bytes.count
    }
}
