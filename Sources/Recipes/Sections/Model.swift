import Models
import StrictYAML

extension Recipe {
    /// The network that is trained.
    package struct Model: Section, Equatable {
        package var name = "resnet50"
        package var initialization = Initialization.pytorch
        package var dropPath = 0.0

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key("name", \.name, .word, hasDefault: true, "the network's name, such as `resnet50`"),
            Key(
                "init", \.initialization, .choice, hasDefault: true,
                "the library whose rule for the initial weights is followed"),
            Key(
                "drop_path", \.dropPath, .number(in: .belowOne), hasDefault: true,
                "the stochastic-depth rate of the last block; 0 for none"),
        ]
    }
}
