import Foundation

/// What determines every byte of a pack: kept as `pack.json`, so that a run that goes on with a
/// pack is the same run.
struct PackPlan: Codable, Equatable {
    /// The file's name.
    static let file = "pack.json"
    static let currentFormat = 1

    let format: Int
    /// The digest of the data set.
    let source: String
    /// SHA-256 of the text of `classes.txt`.
    let classes: String
    let samples: Int
    let samplesPerShard: Int
    let maxShortSide: Int?
    let quality: Int?

    private enum CodingKeys: String, CodingKey {
        case format, source, classes, samples, quality
        case samplesPerShard = "samples_per_shard"
        case maxShortSide = "max_short_side"
    }

    /// The number of shards.
    var shards: Int {
        samples / samplesPerShard + (samples % samplesPerShard == 0 ? 0 : 1)
    }

    /// A shard's file name.
    func name(ofShard shard: Int) -> String { String(format: "shard-%06ld.tar", shard) }

    /// The samples of a shard.
    func samples(ofShard shard: Int) -> Range<Int> {
        // Any number of samples may have been asked for: no product or sum beyond the data set's.
        let first = shard * samplesPerShard
        return first..<first + min(samplesPerShard, samples - first)
    }

    /// The plan of a folder; nil if it has none.
    init?(in folder: String) throws(DatasetError) {
        let path = "\(folder)/\(Self.file)"
        guard let bytes = try Descriptor.contents(of: path, limit: 1 << 20) else { return nil }
        guard let plan = try? JSONDecoder().decode(PackPlan.self, from: Data(bytes)),
            plan.format == Self.currentFormat
        else {
            throw DatasetError(
                "\(path): damaged or of another version; choose another folder, or remove this one")
        }
        self = plan
    }

    init(_ dataset: ImageDataset, classes: [UInt8], _ options: DatasetPacker.Options) {
        format = Self.currentFormat
        source = dataset.digest
        self.classes = sha256(classes)
        samples = dataset.samples.count
        samplesPerShard = options.samplesPerShard
        maxShortSide = options.maxShortSide
        quality = options.maxShortSide == nil ? nil : options.quality
    }

    /// The first thing in which a pack that is there differs from this one; nil if it is the same.
    func difference(from there: PackPlan) -> PackDifference? {
        if samples != there.samples { return .samples(there: there.samples, here: samples) }
        if source != there.source || classes != there.classes { return .images }
        for setting in PackDifference.Setting.allCases {
            let (theirs, ours) = (there.value(of: setting), value(of: setting))
            if theirs != ours { return .setting(setting, there: theirs, here: ours) }
        }
        return nil
    }

    private func value(of setting: PackDifference.Setting) -> Int? {
        switch setting {
        case .samplesPerShard: samplesPerShard
        case .maxShortSide: maxShortSide
        case .quality: quality
        }
    }

    /// The file's content.
    func text() throws(DatasetError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(self) else {
            throw DatasetError("\(Self.file): cannot be encoded")
        }
        return data + [10]
    }
}
