import Loading
import Models

/// A network and what its input needs.
struct Classifier {
    let network: any ImageClassifier
    let transform: EvaluationTransform
    let mean: [Double]
    let std: [Double]
}
