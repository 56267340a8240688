/// What is wrong with a weights file, without its path, which whoever opened it adds.
struct WeightsProblem: Error, Equatable {
    var message: String
    /// The `errno` where the system is to blame, and not the file.
    var code: Int32?
    /// Whether there are several sets of tensors, of which somebody has to name one.
    var needsEntry = false
}
