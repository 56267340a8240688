import Models
import StrictYAML

extension Recipe {
    /// The network that is trained.
    package struct Model: Section, Equatable {
        package var name = "resnet50"
        package var initialization = Initialization.pytorch
        package var dropPath = 0.0
        /// How many of the first stages keep the weights that training begins with.
        package var frozen = 0
        /// `nil`: the recipe's.
        package var seed: UInt64?

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key("name", \.name, .word, hasDefault: true, "the network's name, such as `resnet50`"),
            Key(
                "init", \.initialization, .choice, hasDefault: true,
                "the library whose rule for the initial weights is followed"),
            Key(
                "drop_path", \.dropPath, .number(in: .belowOne), hasDefault: true,
                "the stochastic-depth rate of the last block; 0 for none"),
            Key(
                "frozen", \.frozen, .integer(in: 0...1000), hasDefault: true,
                "how many of the first stages keep the weights and statistics that training begins "
                    + "with (`train --init`): of a convolutional network the stem and its stages, of "
                    + "a transformer the patches' embedding and its blocks"),
            Key(
                "seed", \.seed, .orNone(.unsigned), hasDefault: true,
                "the key of the initial weights and of the branches that are dropped, so that "
                    + "several students learn from the same views and the same cache; `none`: the "
                    + "recipe's `seed`"),
        ]
    }
}
