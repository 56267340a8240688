import Foundation

/// What all names of a file have in common, whatever their paths.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let number: UInt

    /// The file that the system's answer is about.
    package init(_ status: stat) {
        device = UInt(status.st_dev)
        number = UInt(status.st_ino)
    }

    /// The file that a path leads to; `nil` if there is none.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// An open file; `nil` for what is not open.
    package init?(_ descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }
}
