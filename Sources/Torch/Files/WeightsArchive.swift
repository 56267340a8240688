import Base

/// Named tensors in a file, or in several files that belong together, whoever wrote them.
///
/// Opening one checks its directory against the files' sizes before anything is allocated from it, so
/// that no file, however hostile, makes the process read outside it or ask for more memory than it is
/// long. Reading a tensor copies its bytes. `WeightsArchives.open` opens whatever lies at a path.
package protocol WeightsArchive: AnyObject {
    /// The path of the file, or of the index of several.
    var path: String { get }

    /// How the tensors are stored.
    var format: WeightsFormat { get }

    /// Every file that is read, the index of several first.
    var files: [String] { get }

    /// The tensors' names in the order in which they are listed.
    var names: [String] { get }

    /// Free text that the writer added.
    var metadata: [String: String] { get }

    /// What was seen through to find the tensors, a sentence each, without the path.
    var notes: [String] { get }

    /// The dtype and shape of a tensor, or nil if there is none of that name.
    func info(_ name: String) -> (dtype: DType, shape: [Int])?

    /// What stands under a name in place of a tensor; nil for a name that has one, or is not there.
    func obstacle(_ name: String) -> String?

    /// A copy of a tensor, on the CPU.
    ///
    /// - Throws: `TorchError` if there is none of that name, or if its bytes are damaged, as far as
    ///   the format tells.
    func tensor(_ name: String) throws(TorchError) -> Tensor
}

extension WeightsArchive {
    package var files: [String] { [path] }

    package var notes: [String] { [] }

    package func obstacle(_ name: String) -> String? { nil }

    /// The SHA-256 that stands for the weights, in hexadecimal.
    ///
    /// - Throws: As `WeightsArchives.digest(of:)`.
    package func digest() throws(SystemFailure) -> String {
        try WeightsArchives.digest(of: files)
    }

    /// Reads every tensor once.
    ///
    /// - Parameter isFinite: whether a NaN or an infinity is damage, too.
    /// - Throws: `TorchError` naming the first that is damaged.
    package func verify(isFinite: Bool = false) throws(TorchError) {
        for name in names {
            let tensor = try tensor(name)
            let odd = isFinite ? try tensor.nonFiniteCount() : 0
            guard odd == 0 else {
                throw TorchError(
                    operation: "weights",
                    message: "\(path): \(name.quoted): \(odd) values are NaN or infinite; the "
                        + "training diverged, or the file is damaged")
            }
        }
    }
}
