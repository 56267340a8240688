import CBase

/// Files that lie in memory and are gone with their last descriptor.
public enum MemoryFile {
    /// Opens a new one, empty.
    ///
    /// - Returns: its descriptor; -1 with `errno` where there can be none.
    public static func open() -> Int32 { cbase_memory_file("understudy") }
}
