/// One experiment: everything that a teacher's responses or a student's training depend on.
///
/// A recipe is read strictly from YAML (`init(contentsOf:overrides:)`); each nested type is one
/// section of the file and its properties are the section's keys in camel case. Paths are absolute.
public struct Recipe: Sendable, Equatable {
    /// The experiment's name: letters, digits, `.`, `_` and `-`.
    public var name: String
    /// The key of every random draw of a view, and of the student's initialisation.
    public var seed: UInt64
    /// The images.
    public var data: Data
    /// The augmented view of an image, which teacher and student share.
    public var view: View
    /// How slots form groups and steps.
    public var batch: Batch
    /// The networks whose responses are distilled; empty for supervised training.
    public var teachers: [Teacher]
    /// The store of each teacher's responses; `nil` without one.
    public var cache: Cache?
    /// The network that is trained.
    public var model: Model
    /// The weights of the loss's terms.
    public var loss: Loss
    /// The update rule.
    public var optimizer: Optimizer
    /// The course of the learning rate.
    public var schedule: Schedule
    /// The exponential moving average of the weights; `nil` for none.
    public var ema: EMA?
    /// The mean of the best snapshots.
    public var average: Average
    /// How the model is measured after each epoch.
    public var validation: Validation
    /// The dtype of forward and backward.
    public var precision: Precision
    /// How often a resumable state is written.
    public var checkpoint: Checkpoint

    /// The view epoch that a training epoch replays.
    ///
    /// With fewer cached epochs than training epochs the cache is replayed cyclically, so training
    /// epoch `e` sees view epoch `e mod cache.epochs`. Without a cache every epoch is fresh.
    public func viewEpoch(forTrainingEpoch epoch: Int) -> Int {
        guard let cache else { return epoch }
        return epoch % cache.epochs
    }
}

extension Recipe {
    /// The images: folders with one subfolder per class, lists of paths and labels, or tar shards.
    public struct Data: Sendable, Equatable {
        /// The training images, absolute: a folder of class folders or of shards, or a list.
        public var train: String
        /// The validation images, absolute; likewise.
        public var val: String
        /// How many classes there are; at least 2.
        public var classes: Int
        /// What happens when an image cannot be read.
        public var onError: OnError

        /// What happens when an image cannot be read.
        public enum OnError: String, Sendable, CaseIterable {
            /// Stop with an error that names the file.
            case fail
            /// Take another image, chosen deterministically, and count it.
            case substitute
        }
    }

    /// How slots form groups and steps.
    public struct Batch: Sendable, Equatable {
        /// Slots per optimizer step.
        public var size: Int
        /// Slots per group: the unit of mixing, of batch-norm statistics and of one forward pass.
        public var group: Int
        /// How many slots of an epoch show the same image (repeated augmentation); 1 for none.
        public var repeats: Int

        /// Groups per step.
        public var groups: Int { size / group }
    }

    /// A network whose responses are distilled.
    public struct Teacher: Sendable, Equatable {
        /// The teacher card's file, absolute.
        public var card: String
        /// Its share of the target, above 0; those of a recipe's teachers sum to 1.
        public var weight: Double
        /// What the teacher's forward pass runs in; part of what determines a response.
        public var precision: Precision
    }

    /// The store of a teacher's responses; of several, each has one of its own.
    public struct Cache: Sendable, Equatable {
        /// How many epochs of views are stored; fewer than `schedule.epochs` are replayed.
        public var epochs: Int
        /// How a response is stored.
        public var encoding: Encoding
        /// Whole groups per part file.
        public var groupsPerPart: Int

        /// How a response is stored.
        public enum Encoding: Sendable, Equatable {
            /// Every class's probability.
            case dense
            /// The given number of largest probabilities; the rest is spread evenly.
            case topK(Int)
            /// As few classes as keep each response within so many nats of the teacher's.
            case bounded(maxKL: Double)
        }
    }

    /// The network that is trained.
    public struct Model: Sendable, Equatable {
        /// The name in the model registry.
        public var name: String
        /// The rule for the initial weights (the key is `init`).
        public var initialization: Initialization
        /// The stochastic-depth rate of the last block, 0 for none.
        public var dropPath: Double

        /// The library whose initial weights are followed.
        public enum Initialization: String, Sendable, CaseIterable {
            /// The defaults of PyTorch's layers.
            case pytorch
            /// Convolutions by Kaiming's normal rule over the fan-out.
            case torchvision
            /// As torchvision, with the last normalisation of every block starting at zero.
            case timm
        }
    }

    /// The weights of the loss's terms.
    public struct Loss: Sendable, Equatable {
        /// The weight of the divergence from the teacher's response; above 0 it needs a teacher.
        public var kl: Double
        /// The weight of the cross-entropy with the mixed, smoothed labels.
        public var ce: Double
    }

    /// The dtype of forward and backward; weights and optimizer state stay float32.
    public enum Precision: String, Sendable, CaseIterable {
        /// 32-bit throughout.
        case fp32
        /// bfloat16 autocast.
        case bf16
    }

    /// How often a resumable state is written.
    public struct Checkpoint: Sendable, Equatable {
        /// Optimizer steps between two checkpoints.
        public var everySteps: Int
    }

    /// How the model is measured after each epoch.
    public struct Validation: Sendable, Equatable {
        /// The side of the centre crop, pixels.
        public var size: Int
        /// The short side before the crop, pixels; at least `size`.
        public var resize: Int
        /// The resampling filter.
        public var interpolation: Filter
        /// Images per forward pass.
        public var batch: Int
    }

    /// A resampling filter, antialiased as Pillow's.
    public enum Filter: String, Sendable, CaseIterable {
        /// Triangle filter.
        case bilinear
        /// Cubic filter with a = -0.5.
        case bicubic
    }
}
