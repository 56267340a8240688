/// A teacher: architecture, preprocessing, weights and where they come from.
package struct TeacherCard: Sendable, Equatable {
    /// The teacher's name; part of a cache's identity.
    package var name: String
    /// The network and its dimensions.
    package var architecture: Architecture
    /// How many classes it tells apart.
    package var classes: Int
    /// What the network expects of an image.
    package var preprocessing: Preprocessing
    /// The safetensors file of its weights, absolute.
    package var weightsFile: String
    /// The SHA-256 of that file, 64 lower-case hexadecimal digits; `nil` leaves it unchecked.
    package var weightsSHA256: String?
    /// Where the weights come from.
    package var source: String
    /// Its published (or measured) top-1, per cent; `nil` if unknown.
    package var top1: Double?

    /// A network and its dimensions.
    package enum Architecture: Sendable, Equatable {
        /// A vision transformer with relative position bias, as BEiT fine-tuned for classification.
        case beit(BEiTArchitecture)
        /// A ResNet v1.5: 18, 34, 50, 101 or 152 layers.
        case resnet(depth: Int)
        /// No network: responses that somebody computed, in an HDF5 file that `weightsFile` names.
        case precomputed(Responses)
    }

    /// Where responses lie in a foreign HDF5 file, and what they are.
    package struct Responses: Sendable, Equatable {
        /// What the numbers of a row are.
        package enum Values: String, Sendable, CaseIterable {
            /// Any finite numbers; their softmax is the response.
            case logits
            /// Shares that sum to 1.
            case probabilities
        }

        /// The dataset, `[images, classes]` or `[views, images, classes]`.
        package var dataset: String
        /// The dataset of file names, a row each; `nil` where rows follow the sorted files.
        package var keys: String?
        /// What the numbers are.
        package var values: Values
        /// Divides logits before the softmax.
        package var temperature: Double

        /// Names a dataset of responses.
        package init(dataset: String, keys: String?, values: Values, temperature: Double) {
            self.dataset = dataset
            self.keys = keys
            self.values = values
            self.temperature = temperature
        }
    }

    /// The dimensions of a BEiT.
    package struct BEiTArchitecture: Sendable, Equatable {
        /// The side of the square input, pixels; a multiple of `patch`.
        package var imageSize: Int
        /// The side of a patch, pixels.
        package var patch: Int
        /// Channels of a token; a multiple of `heads`.
        package var width: Int
        /// Transformer blocks.
        package var depth: Int
        /// Attention heads per block.
        package var heads: Int
        /// Hidden channels of the feed-forward layer over `width`.
        package var mlpRatio: Double
        /// The initial layer scale.
        package var layerScale: Double

        /// Makes an architecture; `imageSize` is a multiple of `patch`, `width` of `heads`.
        package init(
            imageSize: Int, patch: Int, width: Int, depth: Int, heads: Int, mlpRatio: Double,
            layerScale: Double
        ) {
            self.imageSize = imageSize
            self.patch = patch
            self.width = width
            self.depth = depth
            self.heads = heads
            self.mlpRatio = mlpRatio
            self.layerScale = layerScale
        }
    }

    /// What a network expects of an image, and how it is prepared for a clean evaluation.
    package struct Preprocessing: Sendable, Equatable {
        /// The side of the square input, pixels.
        package var size: Int
        /// The short side before the centre crop, pixels.
        package var resize: Int
        /// The resampling filter.
        package var interpolation: Recipe.Filter
        /// Subtracted from each channel (red, green, blue), in 0…1.
        package var mean: [Double]
        /// Divides each channel (red, green, blue) after `mean`.
        package var std: [Double]

        /// Makes a preprocessing; `resize` is at least `size`.
        package init(
            size: Int, resize: Int, interpolation: Recipe.Filter, mean: [Double], std: [Double]
        ) {
            self.size = size
            self.resize = resize
            self.interpolation = interpolation
            self.mean = mean
            self.std = std
        }
    }

    /// The kind as the file names it.
    package var kind: String {
        switch architecture {
        case .beit: "beit"
        case .resnet: "resnet"
        case .precomputed: "precomputed"
        }
    }
}
