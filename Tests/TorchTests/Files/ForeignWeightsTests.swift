import Foundation
import Testing

@testable import Torch

@Suite("Files that are no safetensors") struct ForeignWeightsTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// What opening a file with these bytes says after its path.
    func problem(_ bytes: [UInt8]) throws -> String {
        let path = try folder.file("w.safetensors", bytes)
        let text = errorText { _ = try SafetensorsFile(path: path) }
        let prefix = "safetensors: \(path): "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    @Test("a pointer of Git LFS says what to run") func pointer() throws {
        let text = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n"
        #expect(
            try problem(Array(text.utf8))
                == "is a Git LFS pointer, not the weights: run git lfs pull where it comes from")
    }

    @Test("what torch.save writes is named where only safetensors do") func pickles() throws {
        for (name, text) in [
            (
                "sound.pth",
                "is a pickle in a zip archive, as torch.save writes, and no safetensors file"
            ),
            (
                "sound-legacy.pth",
                "is a pickle, as torch.save wrote until 2020, and no safetensors file"
            ),
        ] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: Fixture.path("pickles/\(name)")))
            #expect(try problem(Array(bytes)) == text)
        }
        #expect(
            try problem(Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 26))
                == "is a zip archive whose directory is missing or damaged")
    }

    @Test("other archives are named by what they hold") func archives() {
        #expect(
            ForeignWeights.zip(["m/data.pkl", "m/constants.pkl"])
                .hasPrefix("is TorchScript, code and weights in a zip archive; "))
        #expect(ForeignWeights.zip(["fc.weight.npy"]).hasPrefix("is an archive of NumPy"))
        #expect(ForeignWeights.zip(["notes.txt"]) == "is a zip archive; unpack it")
    }

    @Test(
        "other formats are named",
        arguments: [
            ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3], "is a gzip file; unpack it: gunzip"),
            ([0x28, 0xB5, 0x2F, 0xFD, 4, 0, 0, 0, 0, 0], "is compressed with zstd"),
            ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0], "is HDF5, as Keras writes"),
            (Array("GGUF".utf8) + [3, 0, 0, 0, 9, 0], "is GGUF"),
            ([0x08, 0x07, 0x12, 0x07] + Array("pytorch".utf8), "is protobuf, as ONNX"),
            (Array("<!DOCTYPE html><html>".utf8), "is a web page or XML, not the weights"),
            (Array("\n{\"metadata\": {}}".utf8), "is JSON text, not the weights"),
            (
                Array("{\"weight_map\": {\"a\": \"model-1.safetensors\"}}".utf8),
                "is the index of weights in several files, and no safetensors file"
            ),
            ([UInt8](repeating: 0, count: 100), "begins with zeros: a download or copy"),
            (
                [UInt8](repeating: 65, count: 257) + Array("ustar\u{0}00".utf8),
                "is a tar archive; unpack it"
            ),
        ] as [([UInt8], String)])
    func others(_ bytes: [UInt8], _ text: String) throws {
        #expect(try problem(bytes).hasPrefix(text))
    }

    @Test("a damaged safetensors file is not taken for something else") func damaged() throws {
        // Lengths that read like the magic numbers of gzip and of a pickle.
        for start: [UInt8] in [[0x1F, 0x8B, 0x08], [0x80, 0x02, 0], [0x08, 0x07, 0x12]] {
            let bytes = start + [UInt8](repeating: 0, count: 8 - start.count)
            #expect(
                try problem(bytes + Array("{\"fc.weight\":".utf8))
                    .contains("the file has 13 after the length: truncated"))
        }
        #expect(try problem([9]) == "1 bytes long, too short for a safetensors file")
    }
}
