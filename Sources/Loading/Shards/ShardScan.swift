/// The samples of one shard.
struct ShardScan {
    /// An image with its label.
    struct Entry {
        let sample: ImageDataset.Sample
        let offset: Int
        let header: UInt64
    }

    /// The shard's size.
    let bytes: Int
    private(set) var entries: [Entry] = []

    /// Walks a shard and groups its members: those that follow one another and share the name up to
    /// the first dot of the last component are a sample.
    ///
    /// Source: webdataset 1.0, `base_plus_ext` and `group_by_keys`.
    ///
    /// - Throws: `DatasetError` for a damaged archive, and for a sample without image or label.
    init(_ path: String) throws(DatasetError) {
        let archive = try TarReader(path)
        bytes = archive.size
        var sample = PendingSample(key: "")
        var others: [String] = []
        while let member = try archive.next() {
            try DatasetError.refuseInterruption(reading: path)
            guard let (key, ending) = Self.split(member.name) else {
                if others.count < 4 { others.append(member.name) }
                continue
            }
            // A link without part in a sample is nothing to us, as it is to webdataset.
            let isPart = ending == "cls" || FileEndings.images.contains(ending)
            guard isPart || !member.isLink else { continue }
            if key != sample.key {
                try finish(sample, at: member, of: archive)
                sample = PendingSample(key: key)
            }
            try sample.add(member, ending: ending, of: archive)
        }
        try finish(sample, at: nil, of: archive)
        guard !entries.isEmpty else {
            let found =
                others.isEmpty
                ? "it is empty"
                : "its members are \(others.prefix(3).joined(separator: ", "))"
                    + (others.count > 3 ? ", …" : "")
            throw DatasetError(
                "\(path): holds no sample, \(found); expected <key>.jpg and <key>.cls")
        }
    }

    /// A member's key and its ending in lower case; nil for what belongs to no sample.
    static func split(_ name: String) -> (key: String, ending: String)? {
        let start =
            name.utf8.lastIndex(of: UInt8(ascii: "/")).map { name.utf8.index(after: $0) }
            ?? name.startIndex
        guard let dot = name.utf8[start...].firstIndex(of: UInt8(ascii: ".")), dot != start else {
            return nil
        }
        guard !isNote(name.prefix { $0 != "/" }) else { return nil }
        return (String(name[..<dot]), name[name.utf8.index(after: dot)...].lowercased())
    }

    /// Whether WebDataset keeps notes about a shard under this first component of a name.
    static func isNote(_ component: some StringProtocol) -> Bool {
        component.utf8.count >= 4 && component.hasPrefix("__") && component.hasSuffix("__")
    }

    /// Takes a sample whose members have all been seen.
    ///
    /// - Parameter next: the member that ended it; nil at the archive's end.
    private mutating func finish(
        _ sample: PendingSample, at next: TarReader.Member?, of archive: TarReader
    ) throws(DatasetError) {
        guard !sample.key.isEmpty else { return }
        guard let image = sample.image, let label = sample.label else {
            throw DatasetError(
                "\(archive.path): sample \(sample.key): "
                    + sample.lack(at: next, of: archive))
        }
        entries.append(
            Entry(
                sample: ImageDataset.Sample(
                    path: image.source ?? image.name, label: label, bytes: image.bytes),
                offset: image.offset, header: image.header))
    }
}

/// The members of a sample seen so far.
private struct PendingSample {
    let key: String
    var image: TarReader.Member?
    var label: Int?
    /// The endings of its members, in lower case.
    private var endings: [String] = []

    init(key: String) { self.key = key }

    mutating func add(
        _ member: TarReader.Member, ending: String, of archive: TarReader
    ) throws(DatasetError) {
        let isImage = FileEndings.images.contains(ending)
        let place = "\(archive.path): sample \(key)"
        endings.append(ending)
        guard isImage || ending == "cls" else { return }
        guard !member.isLink else {
            throw DatasetError(
                "\(place): .\(ending) is a link, which has no bytes to read; pack it anew")
        }
        guard isImage else {
            guard label == nil else {
                throw DatasetError(
                    "\(place): two labels (.cls); give each image and its label a key of their own")
            }
            let written = try member.bytes <= 64 ? archive.contents(of: member) : []
            let text = written.dropFirst(TextMark.length(written))
            let digits = text.drop { $0 <= 32 }.prefix { $0 > 32 }
            let rest = text[digits.endIndex...]
            guard let number = LabelColumn.number(digits), rest.allSatisfy({ $0 <= 32 }) else {
                let shown =
                    member.bytes > 64
                    ? "\(member.bytes) bytes long"
                    : "'\(String(decoding: text.prefix(20), as: UTF8.self))'"
                throw DatasetError("\(place): its .cls is \(shown): write whole numbers from 0")
            }
            label = number
            return
        }
        guard image == nil else {
            throw DatasetError(
                "\(place): two images, .\(endings.first(where: FileEndings.images.contains) ?? "")"
                    + " and .\(ending); give each a key and a label of its own")
        }
        image = member
    }

    /// What a sample without image or label lacks, and what it has instead.
    ///
    /// - Parameter next: the member after its last one.
    func lack(at next: TarReader.Member?, of archive: TarReader) -> String {
        let kinds = image == nil ? FileEndings.images : ["cls"]
        let lack = image == nil ? "no image (.jpg, .jpeg or .png)" : "no label (.cls)"
        if let later = Self.later(key, kinds, from: next, of: archive) {
            return "\(lack): \(later) comes later: sort the members by name"
        }
        let shown = Set(endings).count > 3 ? endings.prefix(3) + ["…"] : endings[...]
        let found = "\(lack): its members are \(shown.joined(separator: ", "))"
        let hidden = endings.contains { ending in kinds.contains { ending.hasSuffix(".\($0)") } }
        if hidden { return "\(found): a key ends at the first dot" }
        let isForeign = FileEndings.otherImages.contains { endings.contains($0) }
        return image == nil && isForeign ? "\(found); convert the image to .jpg" : found
    }

    /// A member further on that would have been the sample's.
    private static func later(
        _ key: String, _ kinds: Set<String>, from next: TarReader.Member?, of archive: TarReader
    ) -> String? {
        var member = next
        while let candidate = member {
            if let (other, ending) = ShardScan.split(candidate.name), other == key,
                kinds.contains(ending)
            {
                return Directory.name(of: candidate.name)
            }
            // What is wrong further on is told when this is mended.
            member = try? archive.next()
        }
        return nil
    }
}
