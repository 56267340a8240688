import Torch

extension Graph {
    /// Computes the logits of a batch.
    ///
    /// - Parameter images: as `input` says.
    /// - Returns: `[N, classes]`, float32.
    /// - Throws: `TorchError` if the images do not fit.
    package func logits(_ images: Tensor) throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            var course = GraphCourse(self, images)
            while try course.advance() != nil {}
            return try course.logits()
        }
    }
}
