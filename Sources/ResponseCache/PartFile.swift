/// One part as a file: its attributes, its datasets, and the checks on both.
struct PartFile {
    let manifest: CacheManifest
    let part: PartID

    /// What a part holds.
    struct Content: Sendable {
        var rows: PartRows
        /// CRC-32C of the uint8 pixels of each group.
        var pixelChecksums: [UInt32]
    }

    private enum Attribute {
        case text(String)
        case number(Int)
    }

    private var slots: Range<Int> { manifest.slots(of: part) }
    private var groups: Range<Int> { manifest.groups(of: part) }

    /// The attributes of the root group, which repeat the manifest, so that a part alone says what
    /// it is and a part of another cache is recognised.
    private var attributes: [(name: String, value: Attribute)] {
        var list: [(String, Attribute)] = [
            ("format", .text(CacheManifest.format)),
            ("format_version", .number(manifest.formatVersion)),
            ("fingerprint", .text(manifest.fingerprint.digest)),
            ("teacher", .text(manifest.teacher)),
            ("encoding", .text(manifest.encoding.name)),
        ]
        if case .topK(let count) = manifest.encoding { list.append(("top_k", .number(count))) }
        list += [
            ("classes", .number(manifest.classes)),
            ("epoch", .number(part.epoch)),
            ("part", .number(part.index)),
            ("first_group", .number(groups.lowerBound)),
            ("groups", .number(groups.count)),
            ("group_size", .number(manifest.groupSize)),
            ("first_slot", .number(slots.lowerBound)),
            ("rows", .number(slots.count)),
        ]
        return list
    }

    /// Rows per chunk of a dataset: whole groups, about 1 MiB, so that Fletcher-32 guards pieces of
    /// a size at which it is strong and a reader of a few rows need not read the whole part. The
    /// groups are dealt evenly, since the file holds the last chunk at full length, too.
    private func chunkRows(bytesPerRow: Int) -> Int {
        let limit = max(1, (1 << 20) / (bytesPerRow * manifest.groupSize))
        let chunks = (groups.count + limit - 1) / limit
        let rows = (groups.count + chunks - 1) / chunks * manifest.groupSize
        // HDF5 has no chunks of 4 GiB and more.
        return min(rows, max(1, (1 << 31) / bytesPerRow))
    }

    /// Builds the file in memory and lends its bytes.
    func encode(
        _ content: Content, path: String,
        _ use: (UnsafeRawBufferPointer) throws(CacheError) -> Void
    ) throws(CacheError) {
        let rows = content.rows
        let payload = 2 * (rows.values.count + rows.indices.count) + 4 * groups.count
        try HDF5File.create(
            path: path, expectedBytes: payload + payload / 64,
            fill: { file throws(CacheError) in
                for attribute in attributes {
                    switch attribute.value {
                    case .text(let text): try file.write(attribute.name, text)
                    case .number(let number): try file.write(attribute.name, number)
                    }
                }
                try file.write("created_by", manifest.createdBy)
                let entries = manifest.encoding.entries(classes: manifest.classes)
                let shape = [slots.count, entries]
                let chunk = chunkRows(bytesPerRow: 2 * entries)
                switch manifest.encoding {
                case .dense:
                    try file.write(
                        "probabilities", .half, shape: shape, chunkRows: chunk, rows.values)
                case .topK:
                    try file.write("values", .half, shape: shape, chunkRows: chunk, rows.values)
                    try file.write(
                        "classes", .uint16, shape: shape, chunkRows: chunk, rows.indices)
                }
                try file.write(
                    "pixel_crc32c", .uint32, shape: [groups.count], chunkRows: groups.count,
                    content.pixelChecksums)
            }, use: use)
    }

    /// Reads and checks the file.
    ///
    /// - Throws: `CacheError` naming the file and the attribute or dataset that is not what the
    ///   manifest says, or cannot be read.
    func decode(path: String) throws(CacheError) -> Content {
        do {
            return try HDF5File.open(path: path) { file throws(CacheError) in
                try check(file, path)
                return try content(of: file)
            }
        } catch {
            throw CacheError("\(error); delete this file and build the part again")
        }
    }

    private func check(_ file: borrowing HDF5File, _ path: String) throws(CacheError) {
        for attribute in attributes {
            let (found, expected): (String, String)
            switch attribute.value {
            case .text(let text): (found, expected) = (try file.string(attribute.name), text)
            case .number(let number):
                (found, expected) = (String(try file.integer(attribute.name)), String(number))
            }
            guard found == expected else {
                throw CacheError(
                    "\(path): belongs to another cache or place: its \(attribute.name) is "
                        + "\(found), the manifest says \(expected)")
            }
        }
    }

    private func content(of file: borrowing HDF5File) throws(CacheError) -> Content {
        let entries = manifest.encoding.entries(classes: manifest.classes)
        let shape = [slots.count, entries]
        let values: [UInt16]
        var indices: [UInt16] = []
        switch manifest.encoding {
        case .dense:
            values = try file.read("probabilities", .half, shape: shape)
        case .topK:
            values = try file.read("values", .half, shape: shape)
            indices = try file.read("classes", .uint16, shape: shape)
        }
        let checksums: [UInt32] = try file.read("pixel_crc32c", .uint32, shape: [groups.count])
        let rows = PartRows(
            encoding: manifest.encoding, classes: manifest.classes, rows: slots.count,
            values: values, indices: indices)
        return Content(rows: rows, pixelChecksums: checksums)
    }
}
