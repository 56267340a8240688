import Loading
import Recipes
import Torch

/// A frozen classifier whose responses students learn.
package protocol Teacher {
    /// What it is.
    var card: TeacherCard { get }

    /// The side of the images it takes, in pixels.
    var size: Int { get }

    /// SHA-256 of its weights, in hex.
    var weightsDigest: String { get }

    /// Its softmax responses, at temperature 1.
    ///
    /// - Parameters:
    ///   - images: `[N, 3, size, size]`, normalised by `normalisation` and mixed.
    ///   - normalisation: what the images were normalised with; the teacher's own replaces it.
    /// - Returns: `[N, classes]`, float32.
    func probabilities(
        for images: Tensor, normalisedBy normalisation: Normalisation
    ) throws(TorchError) -> Tensor
}
