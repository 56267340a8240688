import Base

extension CacheReader {
    /// Counts and sizes of what is there now, and what storing it cost in accuracy.
    ///
    /// Opens every file for its parts' attributes; rows are not read.
    ///
    /// - Throws: `CacheError` naming a part that cannot be read.
    package func info() throws(CacheError) -> CacheInfo {
        var (parts, responses, bytes, complete, epochFiles) = (0, 0, 0, 0, 0)
        var (divergence, worst, entries) = (0.0, 0.0, 0.0)
        func count(_ part: PartID, _ cost: RowStatistics.Stored) {
            let rows = manifest.slots(of: part).count
            parts += 1
            responses += rows
            divergence += cost.meanKL * Double(rows)
            entries += cost.meanEntries * Double(rows)
            worst = max(worst, cost.maxKL)
        }
        for epoch in 0..<manifest.epochs {
            let before = parts
            let file = EpochFile(manifest: manifest, epoch: epoch)
            let path = "\(directory)/\(file.name)"
            if let size = RegularFile.bytes(at: path) {
                epochFiles += 1
                bytes += size
                for (part, cost) in zip(file.parts, try file.statistics(path: path)) {
                    count(part, cost)
                }
            } else {
                for part in file.parts {
                    guard let size = self.bytes(of: part) else { continue }
                    bytes += size
                    let cost = try folder.read(part) { place throws(CacheError) in
                        try PartFile(manifest: manifest, part: part).statistics(at: place)
                    }
                    count(part, cost)
                }
            }
            if parts - before == manifest.partsPerEpoch { complete += 1 }
        }
        return CacheInfo(
            parts: parts, partsInAll: manifest.epochs * manifest.partsPerEpoch,
            responses: responses, responsesInAll: manifest.epochs * manifest.slotsPerEpoch,
            epochFiles: epochFiles, bytes: bytes, completeEpochs: complete,
            bytesPerResponse: responses > 0 ? Double(bytes) / Double(responses) : nil,
            encodedBytesPerResponse: manifest.encoding.bytesPerRow(classes: manifest.classes),
            meanKL: responses > 0 ? divergence / Double(responses) : nil,
            maxKL: responses > 0 ? worst : nil,
            meanEntries: responses > 0 ? entries / Double(responses) : nil)
    }
}
