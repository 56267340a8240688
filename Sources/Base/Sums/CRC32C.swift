import CBase

/// CRC-32C (Castagnoli) of bytes, such as the uint8 pixels of a group of views.
///
/// Runs on SSE4.2 where the processor has it, else from tables; the result is the same.
///
/// - Parameters:
///   - bytes: any number of bytes.
///   - seed: the CRC-32C of what comes before these bytes; 0 at the beginning. So
///     `crc32c(b, seed: crc32c(a))` is the checksum of a followed by b.
/// - Returns: the checksum; 0xE3069283 for "123456789".
///
/// Source: RFC 3720, sections 12.1 and B.4.
package func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    guard let base = bytes.baseAddress else { return seed }
    return cbase_crc32c(base, bytes.count, seed)
}
