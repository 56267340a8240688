import Foundation
import Testing

@testable import Loading

/// What tests of packs share.
protocol PackFixture {}

extension PackFixture {
    func pack(
        _ dataset: ImageDataset, _ out: String,
        _ change: (inout DatasetPacker.Options) -> Void = { _ in }
    ) throws -> DatasetPacker.Summary {
        var notices: [String] = []
        return try pack(dataset, out, notices: &notices, change)
    }

    func pack(
        _ dataset: ImageDataset, _ out: String, notices: inout [String],
        _ change: (inout DatasetPacker.Options) -> Void = { _ in }
    ) throws -> DatasetPacker.Summary {
        var options = DatasetPacker.Options()
        options.samplesPerShard = 5
        options.workers = 2
        change(&options)
        var told: [String] = []
        defer { notices += told }
        return try DatasetPacker(dataset, to: out, options: options).run { _ in
        } notice: {
            told.append($0)
        }
    }

    /// The files of a folder and their contents.
    func files(_ folder: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        return files
    }
}
