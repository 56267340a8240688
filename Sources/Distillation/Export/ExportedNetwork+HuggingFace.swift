import Base
import Foundation
import Imaging
import Models
import StrictYAML

extension ExportedNetwork {
    /// `config.json` of a folder that `AutoModelForImageClassification.from_pretrained` loads.
    func huggingFaceConfiguration(of foreign: Counterpart) -> JSONValue {
        let names = classes.enumerated()
        return JSONValue.object(foreign.arguments).merging([
            "architectures": [.text(foreign.name)], "dtype": "float32",
            "id2label": .object(
                Dictionary(uniqueKeysWithValues: names.map { ("\($0)", .text($1)) })),
            // Of classes of one name the last.
            "label2id": .object(Dictionary(names.map { ($1, .integer($0)) }) { $1 }),
        ])
    }

    /// `preprocessor_config.json` of what `AutoImageProcessor` makes.
    ///
    /// BiT's processor resizes the short side and crops the center, at every size; ConvNeXt's, which
    /// the hub's ResNets name, would take no crop from 384 pixels on. Its own mean and deviation are
    /// not ImageNet's, so they are always said.
    var huggingFacePreprocessing: JSONValue {
        let size = JSONValue.integer(preprocessing.size)
        return [
            "image_processor_type": "BitImageProcessor", "do_convert_rgb": true,
            "do_resize": true, "size": ["shortest_edge": .integer(preprocessing.resize)],
            "resample": .integer(preprocessing.interpolation.pillowCode), "do_center_crop": true,
            "crop_size": ["height": size, "width": size], "do_rescale": true,
            "rescale_factor": .number(1.0 / 255), "do_normalize": true,
            "image_mean": .list(preprocessing.mean.map { .number($0) }),
            "image_std": .list(preprocessing.std.map { .number($0) }),
        ]
    }

    /// `README.md`: what a page of the hub shows, and the figures that its index takes.
    var modelCard: String {
        """
        ---
        library_name: transformers
        pipeline_tag: image-classification
        tags:
        - image-classification
        - knowledge-distillation
        metrics:
        - accuracy
        \(index)---

        # \(recipe.name)

        A \(model) with \(classes.count) classes, trained by Understudy\
        \(recipe.teachers.isEmpty ? "" : " on the cached responses of a teacher").

        ```python
        from transformers import AutoImageProcessor, AutoModelForImageClassification

        processor = AutoImageProcessor.from_pretrained(FOLDER)
        model = AutoModelForImageClassification.from_pretrained(FOLDER)
        logits = model(**processor(image, return_tensors="pt")).logits
        ```

        ## Figures

        \(figures)

        Images: the short side resized to \(preprocessing.resize) pixels \
        (\(preprocessing.interpolation.rawValue), antialiased), the center of \
        \(preprocessing.size) by \(preprocessing.size) cropped, each channel less \
        \(YAMLText.list(preprocessing.mean)) and divided by \(YAMLText.list(preprocessing.std)).

        `golden/` holds images as they are after the crop, the tensor that they become, and the \
        logits of the network that was trained: `golden/golden.safetensors`.

        ## Weights

        The \(weights) weights of the training, a file of SHA-256 `\(digest)`.

        ## Recipe

        ```yaml
        \(recipeText.trimmingCharacters(in: .newlines))
        ```

        """
    }

    /// The figures for programs: `model-index`.
    private var index: String {
        guard let measured else { return "" }
        let place = URL(fileURLWithPath: recipe.data.val).lastPathComponent
        var lines = [
            "model-index:", "- name: \(YAMLText.scalar(recipe.name))", "  results:", "  - task:",
            "      type: image-classification", "    dataset:",
            "      name: \(YAMLText.scalar(place))", "      type: imagefolder",
            "      split: validation", "    metrics:",
        ]
        for (name, value) in [("top-1", measured.top1), ("top-5", measured.top5)] {
            guard let value else { continue }
            lines += [
                "    - type: accuracy", "      name: \(name)",
                "      value: \(String(format: "%.5f", value / 100))",
            ]
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private var figures: String {
        guard let measured else {
            return "These weights were not measured when they were exported."
        }
        let top5 = measured.top5.map { String(format: "\n| top-5 | %.2f %% |", $0) } ?? ""
        return """
            | \(measured.images.grouped) validation images | |
            |---|---|
            | top-1 | \(String(format: "%.2f", measured.top1)) % |\(top5)
            """
    }
}

extension Interpolation {
    /// As Pillow numbers its filters.
    fileprivate var pillowCode: Int {
        switch self {
        case .bilinear: 2
        case .bicubic: 3
        }
    }
}
