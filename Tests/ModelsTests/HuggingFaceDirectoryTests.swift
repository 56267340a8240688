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

    /// As ViTImageProcessor and DeiTImageProcessor write it, for images of 24 pixels.
    private static let vitProcessor = """
        {"do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
         "image_processor_type": "ViTImageProcessor", "image_std": [0.5, 0.5, 0.5], "resample": 2,
         "rescale_factor": 0.00392156862745098, "size": {"height": 24, "width": 24}}
        """
    private static let deitProcessor = """
        {"crop_size": {"height": 24, "width": 24}, "do_center_crop": true, "do_normalize": true,
         "do_rescale": true, "do_resize": true, "image_mean": [0.485, 0.456, 0.406],
         "image_processor_type": "DeiTImageProcessor", "image_std": [0.229, 0.224, 0.225],
         "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"height": 27, "width": 27}}
        """
    private static let convnextProcessor = """
        {"crop_pct": 0.875, "do_normalize": true, "do_resize": true,
         "image_processor_type": "ConvNextImageProcessor", "image_mean": [0.485, 0.456, 0.406],
         "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": {"shortest_edge": 28}}
        """

    /// What the configurations of transformers have in common: the small networks of families.json.
    private static let transformer = """
        "hidden_act": "gelu", "hidden_size": 36, "image_size": 24, "intermediate_size": 144,
        "layer_norm_eps": 1e-06, "num_attention_heads": 3, "num_channels": 3,
        "num_hidden_layers": 2, "patch_size": 8, "num_labels": 7
        """

    private static let vit = """
        {"architectures": ["ViTForImageClassification"], "model_type": "vit", "encoder_stride": 16,
         "pooler_act": "tanh", "qkv_bias": true, \(transformer)}
        """
    private static let deit = """
        {"architectures": ["DeiTForImageClassificationWithTeacher"], "model_type": "deit",
         "qkv_bias": true, \(transformer)}
        """
    private static let convnext = """
        {"architectures": ["ConvNextForImageClassification"], "model_type": "convnext",
         "depths": [1, 2, 1, 1], "drop_path_rate": 0.0, "hidden_act": "gelu",
         "hidden_sizes": [8, 16, 24, 32], "image_size": 224, "layer_norm_eps": 1e-12,
         "layer_scale_init_value": 1e-06, "num_channels": 3, "num_labels": 7, "num_stages": 4,
         "patch_size": 4}
        """

    @Test(
        "the small networks of Hugging Face's are read whole, and answer as there",
        arguments: [
            ("vit-huggingface", vit, vitProcessor),
            ("deit-huggingface", deit, deitProcessor),
            (
                "beit-shared-huggingface",
                """
                {"architectures": ["BeitForImageClassification"], "model_type": "beit",
                 "layer_scale_init_value": 0.1, "use_absolute_position_embeddings": false,
                 "use_mean_pooling": true, "use_relative_position_bias": false,
                 "use_shared_relative_position_bias": true, \(transformer)}
                """, vitProcessor
            ),
            ("convnext-huggingface", convnext, convnextProcessor),
        ])
    func families(_ name: String, _ config: String, _ processor: String) throws {
        let expected = try #require(FamilyTests.expected?.cases.first { $0.name == name })
        let directory = try read(config, processor)
        #expect(directory.architecture.fingerprintLine == (try expected.read()).fingerprintLine)
        #expect(directory.classes == 7)
        let network = try directory.architecture.makeNetwork(classes: 7)
        var tensors = try network.tensors(
            in: directory.architecture.layouts(of: .huggingface)[0])
        for (name, tensor) in tensors { tensors[name] = try Fixtures.tensor(name, tensor.shape) }
        _ = try folder.file(tensors, name: "model.safetensors")
        let weights = try WeightsArchives.open(WeightsArchives.file(at: folder.path))
        #expect(try network.load(weights).contains { $0.hasSuffix("have Hugging Face's names") })
        for result in expected.results {
            let found = try network.evaluated(result.input)
            #expect(largestDifference(found, result.logits.flatMap { $0 }) < 1e-4)
        }
    }

    @Test("a ViT's images are distorted there, a DeiT's and a ConvNeXt's cropped") func processors()
        throws
    {
        let vit = try read(Self.vit, Self.vitProcessor)
        #expect(vit.preprocessing == .inception(24, resize: 24, .bilinear))
        #expect(vit.notices.count == 1)
        // As the hub has it for google/vit-base-patch16-224: the class's standards hold.
        let older = """
            {"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
             "image_std": [0.5, 0.5, 0.5], "size": 24}
            """
        #expect(try read(Self.vit, older).preprocessing == vit.preprocessing)
        let deit = try read(Self.deit, Self.deitProcessor)
        #expect(deit.preprocessing == .imageNet(24, resize: 27, .bicubic))
        let convnext = try read(Self.convnext, Self.convnextProcessor)
        #expect(convnext.preprocessing == .imageNet(28, resize: 32, .bicubic))
        #expect(convnext.notices == [])
    }

    @Test("other networks of these types are refused") func otherKinds() throws {
        #expect(
            problem(Self.deit.replacing("WithTeacher", with: ""), Self.deitProcessor)
                == "…/config.json: 'architectures' are 'DeiTForImageClassification'; of a DeiT only "
                + "'DeiTForImageClassificationWithTeacher' is known")
        #expect(
            problem(Self.vit.replacing("\"gelu\"", with: "\"gelu_new\""), Self.vitProcessor)
                == "…/config.json: 'hidden_act' is 'gelu_new'; only 'gelu' is known")
        #expect(
            problem(Self.vit.replacing("_size\": 36", with: "_size\": 0"), Self.vitProcessor)
                == "…/config.json: a ViT of dimensions that are out of range")
        for (old, new) in [
            ("1, 2, 1, 1", "1, 2, 1"), ("1, 2, 1, 1", "1, 2, 0, 1"), ("1e-06", "0"),
            ("\"patch_size\": 4", "\"patch_size\": 2"),
        ] {
            #expect(
                problem(Self.convnext.replacing(old, with: new), Self.convnextProcessor)
                    .hasPrefix("…/config.json: a ConvNeXt of depths [1, 2, "))
        }
        #expect(
            problem(Self.resnet.replacing("\"bottleneck\"", with: "\"wide\""))
                == "…/config.json: 'layer_type' is 'wide'; known: basic and bottleneck")
        #expect(
            problem("{\"model_type\": \"swin\"}")
                == "…/config.json: 'model_type' is 'swin'; known: beit, convnext, deit, resnet, vit"
        )
        for (config, epsilon) in [
            (Self.vit, "1e-06"), (Self.deit, "1e-06"), (Self.beit, "1e-12"),
            (Self.convnext, "1e-12"),
        ] {
            let key = "\"layer_norm_eps\": "
            for unknown in ["1e-05", "0"] {
                #expect(
                    problem(config.replacing(key + epsilon, with: key + unknown))
                        == "…/config.json: 'layer_norm_eps' is \(unknown == "0" ? "0.0" : unknown); "
                        + "known: 1e-12 and 1e-06")
            }
            for known in ["1e-6", "1e-12", "null"] {
                #expect(
                    !problem(config.replacing(key + epsilon, with: key + known))
                        .contains("layer_norm_eps"))
            }
        }
        // One of both, and not both.
        for value in ["true", "false"] {
            let config = Self.beit.replacing(
                /"use_relative_position_bias": true,(\s+)"use_shared_relative_position_bias": false/,
                with: "\"use_relative_position_bias\": \(value), "
                    + "\"use_shared_relative_position_bias\": \(value)")
            #expect(
                problem(config, Self.beitProcessor)
                    == "…/config.json: one of 'use_relative_position_bias' and "
                    + "'use_shared_relative_position_bias' must be true")
        }
    }

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
        // BEiT and BEiT v2 are one network, whose images are prepared differently.
        #expect(
            problem(Self.beit)
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
            problem(config.replacing("\"resnet50\"", with: "\"convnext_tyni\""))
                .hasSuffix("(docs/teachers.md); the nearest is convnext_tiny"))
        #expect(
            problem(config.replacing("\"center\"", with: "\"squash\""))
                == "…/config.json: 'crop_mode' is 'squash'; only 'center' is known")
        #expect(
            problem(
                config.replacing("\"num_classes\": 2, \"num_f", with: "\"num_classes\": 3, \"num_f")
            )
                == "…/config.json: 'label_names' are 2, for 3 classes")
    }

    @Test("timm's directories name the networks of every family, and what else made them")
    func timmNames() throws {
        func config(_ name: String, _ arguments: String = "{}", size: Int = 224) -> String {
            """
            {"architecture": "\(name)", "num_classes": 3, "model_args": \(arguments),
             "pretrained_cfg": {"input_size": [3, \(size), \(size)], "interpolation": "bicubic",
              "crop_pct": 0.9, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}
            """
        }
        for name in [
            "vit_base_patch16_224", "deit_base_distilled_patch16_224", "deit3_small_patch16_224",
            "beitv2_base_patch16_224", "resnext50_32x4d", "resnet50d", "tf_efficientnet_lite0",
            "convnext_tiny",
        ] {
            let read = try read(config(name), nil)
            #expect(
                read.architecture.fingerprintLine
                    == PublishedNetwork.named(name)?.architecture.fingerprintLine)
            #expect(read.preprocessing == .inception(224, resize: 248, .bicubic))
        }
        // What timm 1.0.31 writes of every network.
        _ = try read(
            config(
                "vit_base_patch16_224",
                "{\"in_chans\": 3, \"num_classes\": 3, \"global_pool\": \"token\", \"img_size\": 224}"
            ),
            nil)
        _ = try read(
            config("vit_base_patch16_224", "{\"img_size\": [224, 224], \"fc_norm\": null}"), nil)
        for (key, value) in [
            ("img_size", "384"), ("img_size", "[224, 256]"), ("img_size", "[]"),
            ("global_pool", "\"max\""), ("in_chans", "1"), ("fc_norm", "false"),
        ] {
            #expect(
                problem(config("vit_base_patch16_224", "{\"\(key)\": \(value)}"))
                    == "…/config.json: '\(key)' in 'model_args' makes another network of "
                    + "vit_base_patch16_224; write a teacher's card")
        }
        #expect(
            problem(config("vit_base_patch16_224", size: 384))
                == "…/config.json: images of 384 pixels, for a network of 224")
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

    @Test("numbers that no image has are refused, and end nothing") func extremes() throws {
        for (old, new, text) in [
            (
                "\"crop_pct\": 0.875", "\"crop_pct\": 1e-30",
                "'crop_pct' is 1e-30, of images of 224 pixels"
            ),
            (
                "\"crop_pct\": 0.875", "\"crop_pct\": 1e-300, \"x\": 1",
                "'crop_pct' is 1e-300, of images of 224 pixels"
            ),
            (
                "\"size\": 224", "\"size\": -9e18",
                "'crop_pct' is 0.875, of images of -9000000000000000000 pixels"
            ),
            ("\"size\": 224", "\"size\": 1e300", "'size' is not a whole number"),
            (
                "\"do_resize\": true", "\"do_resize\": false",
                "'do_resize' is false; only true is known"
            ),
        ] {
            #expect(
                problem(Self.resnet, Self.resnetProcessor.replacing(old, with: new))
                    == "…/preprocessor_config.json: \(text)")
        }
        for (value, text) in [
            ("1e-30", "'crop_pct' is 1e-30, of images of 224 pixels"),
            ("1e-9", "'crop_pct', 'mean' or 'std' are out of range"),
            ("0", "'crop_pct' is 0.0, not above 0 and at most 1"),
        ] {
            #expect(
                problem(
                    """
                    {"architecture": "resnet50", "pretrained_cfg": {"crop_pct": \(value)}}
                    """) == "…/config.json: \(text)")
        }
        // Longer than any file of these.
        let long = "{\"id2label\": {\(String(repeating: " ", count: 8 << 20))}}"
        #expect(problem(long) == "…/config.json: has more than 8388608 bytes")
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
