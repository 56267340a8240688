import CBase

/// The memory that the process may take.
public enum SystemMemory {
    /// Below this, in bytes, want of memory is not looked for: a process that has not as much left
    /// is at its end anyway.
    private static let small = 1 << 20

    /// Whether memory of a size can be allocated now.
    ///
    /// Swift ends the process where an array finds no memory. Who is about to allocate what a file
    /// or an option asks for asks here first, and throws.
    ///
    /// - Parameter bytes: any number; a negative one stands for a product that overflowed.
    public static func canAllocate(_ bytes: Int) -> Bool {
        guard bytes >= 0 else { return false }
        return bytes < small || cbase_can_allocate(bytes) != 0
    }
}
