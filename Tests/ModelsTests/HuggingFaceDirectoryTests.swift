import Foundation
import Imaging
import StrictYAML
import Testing
import Torch

@testable import Models

@Suite("Hugging Face directories") struct HuggingFaceDirectoryTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ name: String, _ json: String) throws {
        try Data(json.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
    }

    /// What the directory of these files says; of its place an error says `…`.
    private func read(_ config: String, _ processor: String?) throws -> HuggingFaceDirectory {
        try write("config.json", config)
        if let processor { try write("preprocessor_config.json", processor) }
        return try HuggingFaceDirectory(folder.path)
    }

    private func problem(_ config: String, _ processor: String? = nil) -> String {
        errorText { _ = try read(config, processor) }
            .replacingOccurrences(of: folder.path, with: "…")
    }

    /// As the hub has it for microsoft/beit-base-patch16-224, without its labels.
    private static let beit = """
        {"architectures": ["BeitForImageClassification"], "attention_probs_dropout_prob": 0.0,
         "drop_path_rate": 0.1, "hidden_act": "gelu", "hidden_size": 768, "image_size": 224,
         "intermediate_size": 3072, "layer_norm_eps": 1e-12, "layer_scale_init_value": 0.1,
         "model_type": "beit", "num_attention_heads": 12, "num_channels": 3,
         "num_hidden_layers": 12, "patch_size": 16, "use_absolute_position_embeddings": false,
         "use_mask_token": false, "use_mean_pooling": true, "use_relative_position_bias": true,
         "use_shared_relative_position_bias": false, "vocab_size": 8192}
        """
    private static let beitProcessor = """
        {"crop_size": 224, "do_center_crop": false, "do_normalize": true, "do_resize": true,
         "feature_extractor_type": "BeitFeatureExtractor", "image_mean": [0.5, 0.5, 0.5],
         "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 224}
        """
    private static let resnet = """
        {"depths": [3, 4, 6, 3], "downsample_in_first_stage": false, "embedding_size": 64,
         "hidden_act": "relu", "hidden_sizes": [256, 512, 1024, 2048], "layer_type": "bottleneck",
         "model_type": "resnet", "num_channels": 3,
         "id2label": {"0": "crane", "2": "tench", "1": "crane"}}
        """
    private static let resnetProcessor = """
        {"crop_pct": 0.875, "do_normalize": true, "do_resize": true,
         "feature_extractor_type": "ConvNextFeatureExtractor",
         "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "resample": 3,
         "size": 224}
        """

    @Test("a ResNet is cropped out of the middle, its classes named apart") func resnet() throws {
        let read = try read(Self.resnet, Self.resnetProcessor)
        #expect(PublishedNetwork.name(of: read.architecture) == "resnet50")
        #expect(
            read.preprocessing
                == Preprocessing(
                    size: 224, resize: 256, interpolation: .bicubic, mean: [0.485, 0.456, 0.406],
                    std: [0.229, 0.224, 0.225]))
        #expect(read.classes == 3)
        #expect(read.classNames == ["crane (0)", "crane (1)", "tench"])
        #expect(read.notices == [])
        // The newer generation of the same file.
        let newer = Self.resnetProcessor.replacing("224}", with: "{\"shortest_edge\": 224}}")
            .replacing("feature_extractor_type", with: "image_processor_type")
            .replacing("\"crop_pct\": 0.875, ", with: "")
        #expect(try self.read(Self.resnet, newer).preprocessing == read.preprocessing)
    }

    @Test("a BEiT's images keep their proportions, and a notice says so") func beit() throws {
        let read = try read(Self.beit, Self.beitProcessor)
        #expect(PublishedNetwork.name(of: read.architecture) == "beit_base_patch16_224")
        #expect(read.preprocessing.size == 224 && read.preprocessing.resize == 224)
        #expect(read.preprocessing.interpolation == .bilinear)
        #expect(read.classes == nil && read.classNames == nil)
        #expect(read.notices.count == 1)
        let cropped = Self.beitProcessor.replacing(
            "224}", with: "{\"height\": 256, \"width\": 256}}"
        )
        .replacing("\"do_center_crop\": false", with: "\"do_center_crop\": true")
        let preprocessing = try self.read(Self.beit, cropped).preprocessing
        #expect(preprocessing.size == 224 && preprocessing.resize == 256)
    }

    @Test("without a processor images are prepared as published, if anybody published it")
    func standard() throws {
        let read = try read(Self.resnet, nil)
        #expect(read.preprocessing == PublishedNetwork.named("resnet50")?.preprocessing)
        #expect(
            read.notices == [
                "no preprocessor_config.json: images are prepared as in the published evaluation of "
                    + "resnet50"
            ])
        #expect(
            problem(
                Self.beit.replacing("\"num_hidden_layers\": 12", with: "\"num_hidden_layers\": 3"))
                == "…: no preprocessor_config.json says how images are prepared; write a teacher's "
                + "card")
    }

    @Test("timm's directories say everything in one file") func timm() throws {
        // As the hub has it for timm/resnet50.a1_in1k, shortened.
        let config = """
            {"architecture": "resnet50", "num_classes": 2, "num_features": 2048,
             "pretrained_cfg": {"tag": "a1_in1k", "custom_load": false, "input_size": [3, 224, 224],
              "test_input_size": [3, 288, 288], "fixed_input_size": false,
              "interpolation": "bicubic", "crop_pct": 0.95, "test_crop_pct": 1.0,
              "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
              "num_classes": 2, "label_names": ["tench", "crane"], "first_conv": "conv1",
              "classifier": "fc"}}
            """
        let read = try read(config, nil)
        #expect(PublishedNetwork.name(of: read.architecture) == "resnet50")
        #expect(read.preprocessing.resize == 235 && read.preprocessing.interpolation == .bicubic)
        #expect(read.classNames == ["tench", "crane"] && read.classes == 2)
        #expect(
            problem(config.replacing("\"resnet50\"", with: "\"eva\""))
                .hasPrefix("…/config.json: 'architecture' is 'eva'; known: beit_base_patch16_224, ")
        )
        #expect(
            problem(config.replacing("\"center\"", with: "\"squash\""))
                == "…/config.json: 'crop_mode' is 'squash'; only 'center' is known")
        #expect(
            problem(
                config.replacing("\"num_classes\": 2, \"num_f", with: "\"num_classes\": 3, \"num_f")
            )
                == "…/config.json: 'label_names' are 2, for 3 classes")
    }

    @Test("labels that are numbers are no names") func numbers() throws {
        let labels = Self.resnet.replacing(
            /"id2label": .*}}/, with: "\"id2label\": {\"0\": \"LABEL_0\", \"1\": \"LABEL_1\"}}")
        let read = try read(labels, nil)
        #expect(read.classes == 2 && read.classNames == nil)
    }

    @Test("what this program does not compute is refused, with the key") func faults() throws {
        func change(_ old: String, _ new: String) -> String {
            problem(Self.beit.replacing(old, with: new), Self.beitProcessor)
        }
        #expect(
            change("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"")
                == "…/config.json: 'hidden_act' is 'relu'; only 'gelu' is known")
        #expect(
            change("\"use_mean_pooling\": true", "\"use_mean_pooling\": false")
                == "…/config.json: 'use_mean_pooling' is false; only true is known")
        #expect(
            change("\"hidden_size\": 768", "\"hidden_size\": \"wide\"")
                == "…/config.json: 'hidden_size' is not a whole number")
        #expect(
            change("\"hidden_size\": 768", "\"hidden_size\": 0")
                == "…/config.json: a BEiT of dimensions that are out of range")
        #expect(
            change("\"image_size\": 224", "\"image_size\": 384")
                == "…/preprocessor_config.json: images of 224 pixels, for a network of 384")
        #expect(problem("{}") == "…/config.json: 'model_type' is missing: a text")
        #expect(
            problem(Self.beit, Self.beitProcessor.replacing("[0.5, 0.5, 0.5],", with: "[0.5],"))
                .hasPrefix("…/preprocessor_config.json: 'image_mean' is not three numbers "))
        #expect(
            problem(
                Self.beit, Self.beitProcessor.replacing("2,", with: "2, \"do_rescale\": false,"))
                == "…/preprocessor_config.json: pixels are not divided by 255 there, which they are "
                + "here; write a teacher's card")
    }

    @Test(
        "its name is the folder's, or the model's in the hub's cache",
        arguments: [
            ("/m/resnet-50", "resnet-50"), ("/m/resnet-50/", "resnet-50"), ("/m/a b", "a-b"),
            ("/hub/models--microsoft--resnet-50/snapshots/34c2154c", "resnet-50"),
            ("/m/.hidden", "hidden"),
        ])
    func names(_ folder: String, _ name: String) {
        #expect(HuggingFaceDirectory.name(of: folder) == name)
    }
}
