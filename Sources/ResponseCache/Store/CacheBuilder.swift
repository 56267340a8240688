import Synchronization

/// Writes a cache, part by part.
///
/// Any number of builders, in any number of processes and on any number of hosts, may work on one
/// cache. A part is written under a temporary name, flushed, and renamed, so it is there completely
/// or not at all; two builders that race for one part write the same bytes. A builder that dies
/// leaves at most a temporary, which is never read and which the next builder of that part removes.
package final class CacheBuilder: Sendable {
    private let folder: CacheFolder
    /// The prior that parts are stored with, once it is there.
    private let known = Mutex<ResponsePrior?>(nil)

    /// Creates a cache, or opens it to add what is missing, and lets it grow to as many epochs.
    ///
    /// - Parameters:
    ///   - directory: a new or empty directory, or a cache.
    ///   - manifest: what the cache holds; a cache that is there must agree with it in everything
    ///     but `createdBy` and `epochs`, and may hold more epochs.
    /// - Throws: `CacheError`, listing each field that differs on a line of its own; or if the
    ///   directory holds something else or cannot be written.
    package init(directory: String, manifest: CacheManifest) throws(CacheError) {
        folder = try CacheFolder(creating: directory, manifest)
    }

    /// The manifest on disk.
    package var manifest: CacheManifest { folder.manifest }

    /// The epochs that the cache was to hold before; nil if it is to hold no more than then.
    package var grownFrom: Int? { folder.grownFrom }

    /// The cache's directory.
    package var directory: String { folder.directory }

    /// Whether the part is there.
    package func isPublished(_ part: PartID) -> Bool { folder.isPublished(part) }

    /// The parts of these epochs that are not there, in order.
    ///
    /// - Parameter epochs: of views; those beyond the cache's are not there either.
    package func missingParts(epochs: Range<Int>) -> [PartID] {
        folder.missingParts(epochs: epochs)
    }

    /// The groups of epoch 0 from whose responses the prior is to be learnt before a part can be
    /// begun; nil if the cache has none, or it is there.
    ///
    /// - Throws: `CacheError` if the prior that is there is damaged.
    package func calibrationGroups() throws(CacheError) -> Range<Int>? {
        guard manifest.usesPrior, try prior() == nil else { return nil }
        return manifest.calibrationGroups
    }

    /// Learns and publishes the prior.
    ///
    /// - Parameter probabilities: the responses to a calibration group, `[groupSize, classes]`.
    /// - Throws: `CacheError` naming a row that is no distribution; what `probabilities` throws.
    package func calibrate(
        _ groups: Range<Int>, probabilities: (_ group: Int) throws -> [Float]
    ) throws {
        var calibration = PriorCalibration(classes: manifest.classes, folder: directory)
        for group in groups {
            try calibration.add(probabilities(group)) {
                RowCheck.name(epoch: 0, slot: group * manifest.groupSize + $0)
            }
        }
        let prior = try folder.priors.publish(calibration.prior(), rows: calibration.rows)
        known.withLock { $0 = prior }
    }

    /// Begins a part, to which the responses to its groups are appended as they come.
    ///
    /// - Parameter part: one of the cache's parts; it is replaced if it is there.
    /// - Throws: `CacheError` if the prior cannot be read. Where `calibrationGroups` asks for it,
    ///   there must be one.
    package func begin(_ part: PartID) throws(CacheError) -> PartWriter {
        precondition(manifest.contains(part), "\(part) is not in this cache")
        let prior = manifest.usesPrior ? try prior() : nil
        precondition(prior != nil || !manifest.usesPrior, "the prior is learnt before a part")
        return PartWriter(part, in: folder, prior: prior)
    }

    private func prior() throws(CacheError) -> ResponsePrior? {
        if let prior = known.withLock({ $0 }) { return prior }
        let prior = try folder.priors.current()
        known.withLock { $0 = prior }
        return prior
    }
}
