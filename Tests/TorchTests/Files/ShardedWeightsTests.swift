import Foundation
import Testing

@testable import Torch

@Suite("Weights in several files") struct ShardedWeightsTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for (name, values) in [("one", ["a", "b"]), ("two", ["c"])] {
            try SafetensorsFile.write(
                values.map { ($0, try Tensor([1, 2] as [Float], shape: [2])) },
                metadata: ["format": "pt", "part": name], to: "\(folder.path)/\(name).safetensors")
        }
    }

    private static let map = """
        "weight_map": {"a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors"}
        """

    private func index(_ json: String) throws -> String {
        try folder.file("model.safetensors.index.json", Array(json.utf8))
    }

    /// What opening an index says after its path.
    private func problem(_ map: String) throws -> String {
        let path = try index("{\(map)}")
        return errorText { try WeightsArchives.open(path).verify() }
            .replacingOccurrences(of: "weights: \(path): ", with: "")
            .replacingOccurrences(of: "\(folder.path)/", with: "")
    }

    @Test("are one set of tensors, by their index or by its folder") func sound() throws {
        let path = try index("{\"metadata\": {\"total_size\": 2.4e1, \"x\": [1, {}]}, \(Self.map)}")
        for place in [path, folder.path, "\(folder.path)/"] {
            let weights = try WeightsArchives.open(place)
            #expect(weights.format == .shards && weights.names == ["a", "b", "c"])
            #expect(try weights.tensor("c").floats() == [1, 2])
            #expect(weights.info("b")?.shape == [2] && weights.info("d") == nil)
            #expect(weights.metadata == ["format": "pt"])
            #expect(
                weights.files.map { $0.split(separator: "/").last } == [
                    "model.safetensors.index.json", "one.safetensors", "two.safetensors",
                ])
        }
    }

    @Test("may be pickles, which say what they left aside by their names") func pickles() throws {
        func write(_ name: String, _ tensor: String, _ type: String, key: String? = nil) throws {
            var pickle = Pickle()
            pickle.add("}")
            if let key {
                pickle.text(key)
                pickle.add("}")
            }
            for (tensor, type) in [(tensor, "FloatStorage"), ("\(tensor).count", type)] {
                pickle.text(tensor)
                pickle.tensor(count: 1, shape: [1], strides: [1], key: tensor, type: type)
                pickle.add("s")
            }
            pickle.add(key == nil ? "." : "s.")
            let number: [UInt8] = [0, 0, 128, 63]
            _ = try folder.file(
                name,
                Archive(
                    pickle: pickle.bytes, storages: [tensor: number, "\(tensor).count": number]
                ).bytes)
        }
        try write("pytorch_model-1.bin", "a", "IntStorage")
        try write("pytorch_model-2.bin", "b", "FloatStorage", key: "model")
        func index(_ pairs: [String: Int]) throws {
            let map = pairs.map { "\"\($0)\": \"pytorch_model-\($1).bin\"" }
            _ = try folder.file(
                "pytorch_model.bin.index.json",
                Array("{\"weight_map\": {\(map.joined(separator: ", "))}}".utf8))
        }
        try index(["a": 1, "a.count": 1, "b": 2, "b.count": 2])
        let weights = try WeightsArchives.open(folder.path)
        #expect(weights.format == .shards && weights.names == ["a", "b", "b.count"])
        #expect(try weights.tensor("b.count").floats() == [1])
        #expect(weights.obstacle("a.count") == "of torch.IntStorage, whose numbers are not read")
        #expect(weights.info("a.count") == nil && weights.obstacle("b") == nil)
        #expect(errorText { _ = try weights.tensor("a.count") }.hasSuffix("no tensor 'a.count'"))
        #expect(
            weights.notes == [
                "pytorch_model-1.bin: left aside, as no tensors: 'a.count' (of torch.IntStorage, "
                    + "whose numbers are not read)",
                "pytorch_model-2.bin: the weights are its entry 'model'",
            ])
        try index(["a": 1, "a.number": 1, "b": 2, "b.count": 2])
        #expect(
            errorText { _ = try WeightsArchives.open(folder.path) }
                .hasSuffix("/pytorch_model-1.bin lacks 'a.number'"))
    }

    @Test("have the digest of sha256sum's lines, in their folder") func digest() throws {
        let path = try index("{\(Self.map)}")
        let expected = try digestOfLines([
            "model.safetensors.index.json", "one.safetensors", "two.safetensors",
        ])
        #expect(try WeightsArchives.open(path).digest() == expected)
        #expect(try WeightsArchives.digest(at: folder.path) == expected)
        // Of one file it is the file's.
        let one = "\(folder.path)/one.safetensors"
        #expect(try WeightsArchives.digest(at: one) == SafetensorsFile(path: one).digest())
    }

    private func digestOfLines(_ names: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "sha256sum \(names.joined(separator: " ")) | sha256sum"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(String(decoding: data, as: UTF8.self).prefix(64))
    }

    @Test("an index that does not fit its files is refused") func faults() throws {
        func map(_ pairs: String) -> String { "\"weight_map\": {\(pairs)}" }
        let one = "\"a\": \"one.safetensors\", \"b\": \"one.safetensors\""
        #expect(
            try problem(map("\(one), \"d\": \"two.safetensors\""))
                == "two.safetensors lacks 'd'")
        #expect(
            try problem(map("\"a\": \"one.safetensors\", \"c\": \"two.safetensors\""))
                == "one.safetensors has 'b', which the index does not have in it")
        #expect(
            try problem(map("\(one), \"a\": \"two.safetensors\"")) == "the index lists 'a' twice")
        #expect(
            try problem(map("\"a\": \"three.safetensors\""))
                == "three.safetensors: No such file or directory")
        for place in [
            "../one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", ".", "",
            // A slash, and an accent upon it.
            "../\u{301}one.safetensors", "/\u{301}etc",
        ] {
            #expect(
                try problem(map("\"a\": \"\(place)\""))
                    == "the index has 'a' in '\(place)', which is no file beside it")
        }
        #expect(try problem(map("")) == "an index that names no tensor")
        #expect(try problem("\(map(one)), \(map(one))") == "'weight_map' appears twice")
        #expect(
            try problem("\"weight_map\": {\"a\": 1}")
                == "bad index at byte 21: expected the file of 'a' as a string")
        #expect(
            try problem("\"x\": \(String(repeating: "[", count: 99)), \(map(one))")
                .hasSuffix("is nested too deeply"))
        // An index behind an index is no weights.
        let path = try index("{\"weight_map\": {\"a\": \"model.safetensors.index.json\"}}")
        #expect(
            errorText { _ = try WeightsArchives.open(path) }
                .contains("is the index of weights in several files, and no safetensors file"))
    }

    @Test("a folder without weights says what it could have") func none() throws {
        let empty = "\(folder.path)/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
        #expect(
            errorText { _ = try WeightsArchives.open(empty) }
                == "weights: \(empty): a folder without weights; expected one of model.safetensors, "
                + "model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json")
    }
}
