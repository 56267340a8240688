extension CacheReader {
    /// Whether a part is there.
    public func isPublished(_ part: PartID) -> Bool { folder.isPublished(part) }

    /// Bytes of a part's file; nil if it is not there.
    public func bytes(of part: PartID) -> Int? { Files.size(folder.path(of: part)) }
}

extension CacheManifest {
    /// The parts that hold some of these groups, in order.
    ///
    /// - Parameter epoch: one of the cache's epochs.
    public func parts(epoch: Int, groups: Range<Int>) -> [PartID] {
        guard let last = groups.last else { return [] }
        return (groups.lowerBound / groupsPerPart...last / groupsPerPart).map {
            PartID(epoch: epoch, index: $0)
        }
    }
}
