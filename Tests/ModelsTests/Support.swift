import Foundation
import Torch

/// A folder that goes with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("ModelsTests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A safetensors file of these tensors, in the names' order.
    func file(_ tensors: [String: Tensor], name: String = "w.safetensors") throws -> SafetensorsFile
    {
        try SafetensorsFile.write(
            tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: "\(path)/\(name)")
        return try SafetensorsFile(path: "\(path)/\(name)")
    }
}

/// The error that the body throws, as text; an empty string if it throws none.
func errorText(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return "\(error)"
    }
}

extension ParameterStore {
    /// Every tensor by its name.
    var tensors: [String: Tensor] {
        Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor) })
    }

    /// Every number, in order of creation.
    func values() throws -> [[Float]] {
        try entries.map { try $0.tensor.to(.float32).floats() }
    }
}
