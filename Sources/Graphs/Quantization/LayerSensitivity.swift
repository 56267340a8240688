import Foundation
import Torch

/// What becomes of the answers when one layer alone computes in integers.
package struct LayerSensitivity: Sendable, Equatable {
    package let layer: String
    /// Images whose answer, the class of the largest logit, is another.
    package private(set) var changed = 0
    package private(set) var images = 0
    private var signal = 0.0
    private var noise = 0.0

    init(of layer: String) { self.layer = layer }

    /// How far the logits stand out from what the integers add to them, in decibels: the ratio of
    /// their mean squares, each image's logits less their mean, which no probability depends on.
    ///
    /// 20 dB are errors of a tenth of the logits. Infinite where there is no error.
    package var decibels: Double { noise > 0 ? 10 * log10(signal / noise) : .infinity }

    /// The share of images whose answer is another, in percent.
    package var changedShare: Double { 100 * Double(changed) / Double(max(images, 1)) }

    mutating func count(_ logits: Tensor, _ rounded: Tensor) throws(TorchError) {
        let centered = try logits - logits.mean(dimensions: [1], keepDimensions: true)
        let error = try rounded - logits
        let around = try error - error.mean(dimensions: [1], keepDimensions: true)
        signal += try centered.square().sum().item()
        noise += try around.square().sum().item()
        let answers = try logits.topK(1).indices.int64s()
        changed += try zip(answers, rounded.topK(1).indices.int64s()).count { $0 != $1 }
        images += answers.count
    }
}

extension Graph {
    /// How much each of the layers suffers that compute in integers, in their order.
    ///
    /// What comes before a layer is computed once for all of them; only what follows is computed for
    /// each.
    ///
    /// - Parameters:
    ///   - scales: of every value that becomes integers.
    ///   - progress: told after each layer of each batch how many there were.
    /// - Throws: `TorchError`; what `batch` throws.
    package func sensitivities(
        _ scales: [String: ActivationScale], over batches: Int, _ batch: (Int) throws -> Tensor,
        progress: (Int) -> Void = { _ in }
    ) throws -> [LayerSensitivity] {
        let layers = Set(integerLayers)
        var found = integerLayers.map { LayerSensitivity(of: $0) }
        for index in 0..<batches {
            let images = try batch(index)
            try withoutGrad {
                let logits = try logits(images)
                var course = GraphCourse(self, images)
                var position = 0
                while let node = course.next {
                    if layers.contains(node.name) {
                        var fork = course
                        try fork.advance(as: node.quantized(scales)) {
                            (value, name) throws(TorchError) in
                            try Self.scale(scales, name).rounded(value)
                        }
                        while try fork.advance() != nil {}
                        try found[position].count(logits, fork.logits())
                        position += 1
                        progress(index * found.count + position)
                    }
                    try course.advance()
                }
            }
        }
        return found
    }
}
