import CBase
import Foundation

/// The process that started this one.
package enum ParentProcess {
    /// Has this process asked to stop, by SIGTERM, when that one ends, however it does.
    ///
    /// - Parameter process: its number.
    /// - Returns: whether it is still there.
    package static func follow(_ process: Int32) -> Bool {
        cbase_end_with_parent(process, SIGTERM) != 0
    }
}
