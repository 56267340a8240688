import ArgumentParser
import Models

/// How weights from elsewhere are to be read, where they do not tell it.
struct WeightsOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whose names the tensors have: \(WeightOrigin.allValueStrings.joined(separator: ", ")). "
                + "By default those that fit best.", valueName: "layout"))
    var layout: WeightOrigin?

    @Option(name: .long, help: WeightsOptions.entryHelp)
    var entry: String?

    /// What is said of `--entry`, for commands that take it alone as well.
    static let entryHelp = ArgumentHelp(
        "The key of the tensors in a .pth that has several sets of them, for example "
            + "state_dict_ema. By default the network's.", valueName: "key")

    /// Refuses options that say nothing without another one.
    func refuse(without option: String) throws {
        guard layout == nil, entry == nil else {
            throw ValidationError("--layout and --entry are for \(option); leave them out")
        }
    }
}
