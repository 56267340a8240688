import Base

/// Weights in several files behind an index.
final class ShardedWeights: WeightsArchive {
    let path: String
    let names: [String]
    /// What all files say alike.
    let metadata: [String: String]
    /// What the files say, behind their names if there are several.
    let notes: [String]
    var format: WeightsFormat { .shards }
    var files: [String] { [path] + shards.map(\.path) }

    private let shards: [any WeightsArchive]
    private let places: [String: Int]

    /// Opens every file of an index, and compares what it holds with what the index says. What stands
    /// in a file in place of a tensor is there, too.
    ///
    /// - Throws: `WeightsProblem` for a file that cannot be read, that lacks a tensor or has one which
    ///   the index has elsewhere or not at all.
    init(path: String, index: ShardIndex) throws(WeightsProblem) {
        var shards: [any WeightsArchive] = []
        var names: [String] = []
        var places: [String: Int] = [:]
        var notes: [String] = []
        for (place, shard) in index.shards.enumerated() {
            let file = ShardIndex.path(of: shard.file, beside: path)
            let archive = try Self.open(file)
            let found = Set(archive.names)
            let missing = shard.names.subtracting(found)
                .filter { archive.obstacle($0) == nil }.sorted().map(\.quoted)
            guard missing.isEmpty else {
                throw WeightsProblem(message: "\(file) lacks \(missing.listed)")
            }
            let unlisted = found.subtracting(shard.names).sorted().map(\.quoted)
            guard unlisted.isEmpty else {
                throw WeightsProblem(
                    message: "\(file) has \(unlisted.listed), which the index does not have in it")
            }
            for name in shard.names { places[name] = place }
            names += archive.names
            notes += archive.notes.map { index.shards.count > 1 ? "\(shard.file): \($0)" : $0 }
            shards.append(archive)
        }
        (self.path, self.shards, self.names, self.places) = (path, shards, names, places)
        metadata = Self.common(shards.map(\.metadata))
        self.notes = notes
    }

    private static func open(_ file: String) throws(WeightsProblem) -> any WeightsArchive {
        do throws(WeightsProblem) {
            return try WeightsArchives.open(
                file, MappedFile(path: file), entry: nil, mayBeIndex: false)
        } catch {
            throw WeightsProblem(message: "\(file): \(error.message)", code: error.code)
        }
    }

    private static func common(_ all: [[String: String]]) -> [String: String] {
        guard let first = all.first else { return [:] }
        return first.filter { pair in all.allSatisfy { $0[pair.key] == pair.value } }
    }

    func info(_ name: String) -> (dtype: DType, shape: [Int])? {
        places[name].flatMap { shards[$0].info(name) }
    }

    func obstacle(_ name: String) -> String? { places[name].flatMap { shards[$0].obstacle(name) } }

    func tensor(_ name: String) throws(TorchError) -> Tensor {
        guard let place = places[name] else {
            throw TorchError(operation: "weights", message: "\(path): no tensor \(name.quoted)")
        }
        return try shards[place].tensor(name)
    }
}
