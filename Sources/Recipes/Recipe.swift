import Base
import Imaging
import Models

/// One experiment: everything that a teacher's responses or a student's training depend on.
///
/// A recipe is read strictly from YAML (`init(contentsOf:overrides:)`); each nested type is one
/// section of the file and its properties are the section's keys in camel case. Paths are absolute.
package struct Recipe: Sendable, Equatable {
    package typealias Limits = Base.Limits

    /// The experiment's name: letters, digits, `.`, `_` and `-`.
    package var name: String
    /// The key of every random draw of a view, and of the student's initialisation.
    package var seed: UInt64
    /// The images.
    package var data: Data
    /// The augmented view of an image, which teacher and student share.
    package var view: View
    /// How slots form groups and steps.
    package var batch: Batch
    /// The networks whose responses are distilled; empty for supervised training.
    package var teachers: [Teacher]
    /// The store of each teacher's responses; `nil` without one.
    package var cache: Cache?
    /// The network that is trained.
    package var model: Model
    /// The weights of the loss's terms.
    package var loss: Loss
    /// The update rule.
    package var optimizer: Optimizer
    /// The course of the learning rate.
    package var schedule: Schedule
    /// The exponential moving average of the weights; `nil` for none.
    package var ema: EMA?
    /// The mean of the best snapshots.
    package var average: Average
    /// How the model is measured after each epoch.
    package var validation: Validation
    /// The dtype of forward and backward.
    package var precision: Precision
    /// How often a resumable state is written.
    package var checkpoint: Checkpoint

    /// The view epoch that a training epoch replays.
    ///
    /// With fewer cached epochs than training epochs the cache is replayed cyclically, so training
    /// epoch `e` sees view epoch `e mod cache.epochs`. Without a cache every epoch is fresh.
    package func viewEpoch(forTrainingEpoch epoch: Int) -> Int {
        guard let cache else { return epoch }
        return epoch % cache.epochs
    }
}

extension Recipe {
    /// The images: folders with one subfolder per class, lists of paths and labels, or tar shards.
    package struct Data: Sendable, Equatable {
        /// The training images, absolute: a folder of class folders or of shards, or a list.
        package var train: String
        /// The validation images, absolute; likewise.
        package var val: String
        /// How many classes there are; at least 2.
        package var classes: Int
        /// What happens when an image cannot be read.
        package var onError: OnError

        /// What happens when an image cannot be read.
        package enum OnError: String, Sendable, CaseIterable {
            /// Stop with an error that names the file.
            case fail
            /// Take another image, chosen deterministically, and count it.
            case substitute
        }
    }

    /// How slots form groups and steps.
    package struct Batch: Sendable, Equatable {
        /// Slots per optimizer step.
        package var size: Int
        /// Slots per group: the unit of mixing, of batch-norm statistics and of one forward pass.
        package var group: Int
        /// How many slots of an epoch show the same image (repeated augmentation); 1 for none.
        package var repeats: Int

        /// Groups per step.
        package var groups: Int { size / group }
    }

    /// A network whose responses are distilled.
    package struct Teacher: Sendable, Equatable {
        /// The teacher card's file, absolute.
        package var card: String
        /// Its share of the target, above 0; those of a recipe's teachers sum to 1.
        package var weight: Double
        /// What the teacher's forward pass runs in; part of what determines a response.
        package var precision: Precision
    }

    /// The store of a teacher's responses; of several, each has one of its own.
    package struct Cache: Sendable, Equatable {
        /// How many epochs of views are stored; fewer than `schedule.epochs` are replayed.
        package var epochs: Int
        /// How a response is stored.
        package var encoding: Encoding
        /// Whole groups per part file.
        package var groupsPerPart: Int

        /// How a response is stored.
        package enum Encoding: Sendable, Equatable {
            /// Every class's probability.
            case dense
            /// The given number of largest probabilities; the rest is spread evenly.
            case topK(Int)
            /// As few classes as keep each response within so many nats of the teacher's.
            case bounded(maxKL: Double)
        }
    }

    /// The network that is trained.
    package struct Model: Sendable, Equatable {
        /// The name in the model registry.
        package var name: String
        /// The rule for the initial weights (the key is `init`).
        package var initialization: Initialization
        /// The stochastic-depth rate of the last block, 0 for none.
        package var dropPath: Double
    }

    /// The weights of the loss's terms.
    package struct Loss: Sendable, Equatable {
        /// The weight of the divergence from the teacher's response; above 0 it needs a teacher.
        package var kl: Double
        /// The weight of the cross-entropy with the mixed, smoothed labels.
        package var ce: Double
    }

    /// The dtype of forward and backward; weights and optimizer state stay float32.
    package enum Precision: String, Sendable, CaseIterable {
        /// 32-bit throughout.
        case fp32
        /// bfloat16 autocast.
        case bf16
    }

    /// How often a resumable state is written.
    package struct Checkpoint: Sendable, Equatable {
        /// Optimizer steps between two checkpoints.
        package var everySteps: Int
    }

    /// How the model is measured after each epoch.
    package struct Validation: Sendable, Equatable {
        /// The side of the centre crop, pixels.
        package var size: Int
        /// The short side before the crop, pixels; at least `size`.
        package var resize: Int
        /// The resampling filter.
        package var interpolation: Imaging.Interpolation
        /// Images per forward pass.
        package var batch: Int
    }
}
