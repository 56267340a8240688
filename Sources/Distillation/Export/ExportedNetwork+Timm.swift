import Base
import Models

extension ExportedNetwork {
    /// `config.json` of a folder that `timm.create_model("local-dir:FOLDER")` loads.
    ///
    /// Source: timm 1.0.31 `models/_hub.py`, `load_model_config_from_path`.
    func timmConfiguration(of foreign: Counterpart) -> JSONValue {
        let size = JSONValue.integer(preprocessing.size)
        var pretrained: [String: JSONValue] = [
            "input_size": [3, size, size], "num_classes": .integer(classes.count),
            "interpolation": .text(preprocessing.interpolation.rawValue),
            "crop_pct": .number(preprocessing.cropShare), "crop_mode": "center",
            "mean": .list(preprocessing.mean.map { .number($0) }),
            "std": .list(preprocessing.std.map { .number($0) }),
            "label_names": .list(classes.map { .text($0) }), "tag": .text(recipe.name),
        ]
        pretrained["first_conv"] = foreign.layers.map { .text($0.first) }
        pretrained["classifier"] = foreign.layers.map { .text($0.head) }
        if network.imageSize != nil { pretrained["fixed_input_size"] = true }
        var configuration: [String: JSONValue] = [
            "architecture": .text(foreign.name), "num_classes": .integer(classes.count),
            "pretrained_cfg": .object(pretrained),
        ]
        if !foreign.arguments.isEmpty { configuration["model_args"] = .object(foreign.arguments) }
        return .object(configuration)
    }
}

extension Preprocessing {
    /// The crop's side over the resized short side, so that a division of the one gives, rounded down,
    /// the other.
    var cropShare: Double {
        let share = Double(size) / Double(resize)
        // A quotient that falls below the length by a rounding error must not become one less.
        return Int(Double(size) / share) == resize
            ? share : Double(size) / (Double(resize) + 0.5)
    }
}
