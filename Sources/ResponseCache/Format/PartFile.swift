/// One part as a file: its attributes, its datasets, and the checks on both.
struct PartFile {
    let manifest: CacheManifest
    let part: PartID

    /// What a part holds.
    struct Content: Sendable, Equatable {
        var rows: PartRows
        /// What storing the rows cost.
        var statistics: RowStatistics.Stored
        /// CRC-32C of the uint8 pixels of each group.
        var pixelChecksums: [UInt32]
    }

    /// What the attribute `prior` says where tails are shared evenly.
    private static let noPrior = "none"

    private enum Attribute {
        /// The digest of the cache's fingerprint.
        case digest
        case text(String)
        case integer(Int)
        case number(Double)
    }

    private var slots: Range<Int> { manifest.slots(of: part) }
    private var groups: Range<Int> { manifest.groups(of: part) }

    /// The attributes of the root group, which repeat the manifest, so that a part alone says what
    /// it is and a part of another cache is recognised.
    private var attributes: [(name: String, value: Attribute)] {
        var list: [(String, Attribute)] = [
            ("format", .text(CacheManifest.format)),
            ("format_version", .integer(manifest.formatVersion)),
            ("fingerprint", .digest),
            ("teacher", .text(manifest.teacher)),
            ("encoding", .text(manifest.encoding.name)),
        ]
        switch manifest.encoding {
        case .dense: break
        case .topK(let count): list.append(("top_k", .integer(count)))
        case .bounded(let maxKL):
            let layout = BoundedLayout(maxKL: maxKL, classes: manifest.classes)
            list.append(("max_kl", .number(maxKL)))
            list.append(("fineness", .integer(layout.fineness)))
        }
        list += [
            ("classes", .integer(manifest.classes)),
            ("epoch", .integer(part.epoch)),
            ("part", .integer(part.index)),
            ("first_group", .integer(groups.lowerBound)),
            ("groups", .integer(groups.count)),
            ("group_size", .integer(manifest.groupSize)),
            ("first_slot", .integer(slots.lowerBound)),
            ("rows", .integer(slots.count)),
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
        let payload = rows.bytes + 4 * groups.count
        try HDF5File.create(
            path: path, expectedBytes: payload + payload / 64,
            fill: { file throws(CacheError) in
                for attribute in attributes {
                    switch attribute.value {
                    case .digest:
                        try file.write(attribute.name, manifest.fingerprint.digest)
                    case .text(let text): try file.write(attribute.name, text)
                    case .integer(let number): try file.write(attribute.name, number)
                    case .number(let number): try file.write(attribute.name, number)
                    }
                }
                try file.write("created_by", manifest.createdBy)
                if case .bounded = manifest.encoding {
                    try file.write("prior", rows.prior?.digest ?? Self.noPrior)
                }
                try content.statistics.write(to: file)
                try write(rows, to: file)
                try file.write(
                    "pixel_crc32c", .uint32, shape: [groups.count], chunkRows: groups.count,
                    content.pixelChecksums)
            }, use: use)
    }

    private func write(_ rows: PartRows, to file: borrowing HDF5File) throws(CacheError) {
        let (count, classes) = (slots.count, manifest.classes)
        switch rows.storage {
        case .dense(let values):
            try file.write(
                "probabilities", .half, shape: [count, classes],
                chunkRows: chunkRows(bytesPerRow: 2 * classes), values)
        case .topK(let stored, let values, let indices):
            let chunk = chunkRows(bytesPerRow: 2 * stored)
            try file.write("values", .half, shape: [count, stored], chunkRows: chunk, values)
            try file.write("classes", .uint16, shape: [count, stored], chunkRows: chunk, indices)
        case .bounded(_, let lengths, let padded, _):
            let packed = Array(padded.dropLast(BoundedDecoder.padding))
            try file.write("packed_bytes", packed.count)
            try file.write(
                "lengths", .uint8, shape: [count], chunkRows: chunkRows(bytesPerRow: 1), lengths)
            // Dealt evenly, as the other datasets' rows.
            let chunks = (packed.count + (1 << 20) - 1) >> 20
            try file.write(
                "packed", .uint8, shape: [packed.count],
                chunkRows: (packed.count + chunks - 1) / chunks, packed)
        }
    }

    /// Reads and checks the part.
    ///
    /// - Parameter priors: where the cache's priors are.
    /// - Throws: `CacheError` naming the place and the attribute or dataset that is not what the
    ///   manifest says, or cannot be read; or the prior that is missing or damaged.
    func decode(at place: PartPlace, priors: PriorStore) throws(CacheError) -> Content {
        var (content, prior): (Content, String?)
        do {
            (content, prior) = try place.open { file throws(CacheError) in
                try check(file, place)
                return (try self.content(of: file), try self.prior(of: file))
            }
        } catch {
            throw error.damage(place.remedy)
        }
        if let prior { content.rows.prior = try priors.prior(digest: prior) }
        return content
    }

    /// The digest of the prior that the rows were stored with.
    private func prior(of file: borrowing HDF5File) throws(CacheError) -> String? {
        guard case .bounded = manifest.encoding else { return nil }
        let digest = try file.string("prior")
        return digest == Self.noPrior ? nil : digest
    }

    /// Reads what storing the rows cost, after a check of the attributes; no rows.
    func statistics(at place: PartPlace) throws(CacheError) -> RowStatistics.Stored {
        do {
            return try place.open { file throws(CacheError) in
                try check(file, place)
                return try RowStatistics.Stored(readFrom: file, classes: manifest.classes)
            }
        } catch {
            throw error.damage(place.remedy)
        }
    }

    private func check(_ file: borrowing HDF5File, _ place: PartPlace) throws(CacheError) {
        for attribute in attributes {
            let (found, expected): (String, String)
            switch attribute.value {
            case .digest:
                found = try file.string(attribute.name)
                expected = manifest.digests.contains(found) ? found : manifest.fingerprint.digest
            case .text(let text): (found, expected) = (try file.string(attribute.name), text)
            case .integer(let number):
                (found, expected) = (String(try file.integer(attribute.name)), String(number))
            case .number(let number):
                (found, expected) = ("\(try file.number(attribute.name))", "\(number)")
            }
            guard found == expected else {
                throw CacheError(
                    "\(place): belongs to another cache or place: its \(attribute.name) is "
                        + "\(found), the manifest says \(expected)")
            }
        }
    }

    private func content(of file: borrowing HDF5File) throws(CacheError) -> Content {
        let (count, classes) = (slots.count, manifest.classes)
        let storage: PartRows.Storage
        switch manifest.encoding {
        case .dense:
            storage = .dense(
                values: try file.read("probabilities", .half, shape: [count, classes]))
        case .topK(let stored):
            storage = .topK(
                stored, values: try file.read("values", .half, shape: [count, stored]),
                indices: try file.read("classes", .uint16, shape: [count, stored]))
        case .bounded(let maxKL):
            storage = try bounded(
                BoundedLayout(maxKL: maxKL, classes: classes), of: file)
        }
        let checksums: [UInt32] = try file.read("pixel_crc32c", .uint32, shape: [groups.count])
        let rows = PartRows(
            encoding: manifest.encoding, classes: classes, rows: count, storage: storage)
        return Content(
            rows: rows, statistics: try .init(readFrom: file, classes: classes),
            pixelChecksums: checksums)
    }

    private func bounded(
        _ layout: BoundedLayout, of file: borrowing HDF5File
    ) throws(CacheError) -> PartRows.Storage {
        let lengths: [UInt8] = try file.read("lengths", .uint8, shape: [slots.count])
        let starts = layout.starts(of: lengths)
        let bytes = try file.integer("packed_bytes")
        guard bytes == starts[slots.count] else {
            throw CacheError(
                "packed_bytes is \(bytes), and the rows of dataset 'lengths' take "
                    + "\(starts[slots.count])")
        }
        let packed: [UInt8] = try file.read(
            "packed", .uint8, shape: [bytes], padding: BoundedDecoder.padding)
        return .bounded(layout, lengths: lengths, packed: packed, starts: starts)
    }
}
