import ResponseCache

/// A builder's share of a cache that several build: every n-th part.
///
/// Parts are numbered over the epochs in order, whether they are there or not, and part p belongs
/// to share p mod n. So builders need not talk to each other, and one that is started again goes
/// on with its own parts.
package struct Share: Sendable, Equatable {
    /// Which of the shares, from 0.
    package let index: Int
    /// The number of shares.
    package let count: Int
    /// Where the numbers were found, for example `RANK and WORLD_SIZE`; nil if nothing was said.
    package let source: String?

    /// The most shares: as many as a cache can have parts.
    static let most = 10_000_000

    /// All parts.
    package static let whole = Share(index: 0, count: 1, source: nil)

    /// One of `count` shares.
    package init(index: Int, count: Int, source: String?) {
        precondition((0..<count).contains(index), "share \(index) of \(count)")
        self.index = index
        self.count = count
        self.source = source
    }

    /// Reads `i/n`.
    ///
    /// - Parameter source: where the text was given, for messages.
    /// - Throws: `TrainingError` if `text` is no such share.
    package init(parsing text: String, source: String) throws(TrainingError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Self.number(parts[0]), let count = Self.number(parts[1])
        else { throw TrainingError("\(source) \(text): expected i/n, for example 0/4") }
        guard index < count else {
            throw TrainingError(
                "\(source) \(text): there is no such shard; of n shards i is 0 to n - 1")
        }
        guard count <= Self.most else {
            throw TrainingError(
                "\(source) \(text): a cache has at most \(Self.most) parts to share out")
        }
        self.init(index: index, count: count, source: source)
    }

    /// A share of this share's parts: every n-th of them.
    package func divided(_ share: Share) -> Share {
        let sources = [source, share.source].compactMap { $0 }
        return Share(
            index: index + count * share.index, count: count * share.count,
            source: sources.isEmpty ? nil : sources.joined(separator: ", "))
    }

    /// Whether a part is this share's.
    package func owns(_ part: PartID, of manifest: CacheManifest) -> Bool {
        (part.epoch * manifest.partsPerEpoch + part.index) % count == index
    }

    /// A number of digits alone: `Int` would take a sign, too.
    static func number(_ text: some StringProtocol) -> Int? {
        text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
    }
}

extension Share: CustomStringConvertible {
    /// `2/8`.
    package var description: String { "\(index)/\(count)" }
}
