extension CacheReader {
    /// Whether a part is there.
    package func isPublished(_ part: PartID) -> Bool { folder.isPublished(part) }

    /// Bytes of a part on disk; nil if it is not there.
    ///
    /// Of a file that holds the whole epoch, a part's share is that of its rows, rounded so that
    /// the shares of all parts sum to the file's bytes.
    package func bytes(of part: PartID) -> Int? {
        if let bytes = Files.size(folder.path(of: part)) { return bytes }
        guard let bytes = Files.size(folder.epochPath(of: part)) else { return nil }
        let groups = manifest.groups(of: part)
        // The product may be more than 64 bits.
        func share(until group: Int) -> Int {
            manifest.groupsPerEpoch.dividingFullWidth(bytes.multipliedFullWidth(by: group)).quotient
        }
        return share(until: groups.upperBound) - share(until: groups.lowerBound)
    }
}

extension CacheManifest {
    /// The parts that hold some of these groups, in order.
    ///
    /// - Parameter epoch: one of the cache's epochs.
    package func parts(epoch: Int, groups: Range<Int>) -> [PartID] {
        guard let last = groups.last else { return [] }
        return (groups.lowerBound / groupsPerPart...last / groupsPerPart).map {
            PartID(epoch: epoch, index: $0)
        }
    }
}
