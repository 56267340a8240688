import Base
import Torch

/// What to do about an error for want of memory, as the command line names it.
enum MemoryAdvice {
    /// What follows the error's line; empty for any other error.
    static func after(_ error: any Error) -> String {
        guard let error = error as? TorchError, error.isOutOfMemory else { return "" }
        let limits = MappingLimit.ofProcess().map { "; \($0)" }.joined()
        return
            "; take less at a time (batch.group, validation.batch, view.size of a recipe; --batch, "
            + "--group, --prefetch), or give the program more memory\(limits)"
    }
}
