import Foundation

/// Measures what storing given responses costs, in this cache's encodings and in plain top-K.
///
/// The divergence of every row is computed anew, in float64, from what is decoded.
package struct EncodingBenchmark: Sendable {
    /// Classes of a response.
    package let classes: Int
    /// Responses that are measured.
    package let rows: Int
    /// Mean entropy of the responses, in nats.
    package let meanEntropy: Double

    private let responses: [Float]
    private let prior: ResponsePrior?
    /// Bytes of the prior's table that each response of a cache bears.
    private let priorBytes: Double

    /// - Parameters:
    ///   - responses: `[rows, classes]`, distributions.
    ///   - calibration: `[rows, classes]`, other responses of the teacher, from which the prior is
    ///     learnt; empty for no prior.
    ///   - cached: responses of the whole cache, which share the prior's bytes.
    /// - Throws: `CacheError` for a row that is no distribution.
    package init(
        responses: [Float], calibration: [Float], classes: Int, cached: Int
    ) throws(CacheError) {
        precondition(responses.count >= classes, "no responses")
        precondition(responses.count % classes == 0, "rows of other classes")
        self.responses = responses
        self.classes = classes
        rows = responses.count / classes
        if calibration.isEmpty {
            prior = nil
        } else {
            var learning = PriorCalibration(
                classes: classes, folder: FileManager.default.temporaryDirectory.path)
            try learning.add(calibration) { "calibration response \($0)" }
            prior = try learning.prior()
        }
        priorBytes = prior == nil ? 0 : Double(2 * classes * classes) / Double(cached)
        var entropy = 0.0
        for p in responses where p > 0 { entropy -= Double(p) * log(Double(p)) }
        meanEntropy = entropy / Double(rows)
    }

    /// Encodes every response and measures what is decoded.
    ///
    /// - Parameter sharesEvenly: leaves the prior out.
    /// - Throws: `CacheError` for a row that is no distribution.
    package func cost(
        of encoding: RowEncoding, sharesEvenly: Bool = false
    ) throws(CacheError) -> EncodingCost {
        var used: ResponsePrior?
        if case .bounded = encoding, !sharesEvenly { used = prior }
        var encoder = PartEncoder(encoding, classes: classes, prior: used)
        let failure = responses.withUnsafeBufferPointer { responses -> CacheError? in
            do throws(CacheError) {
                try encoder.append(responses) { "response \($0)" }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        let (stored, statistics) = encoder.encoded()
        var decoded = [Float](repeating: 0, count: classes)
        var (sum, largest) = (0.0, 0.0)
        for row in 0..<rows {
            let fault = decoded.withUnsafeMutableBufferPointer { out in
                out.baseAddress.flatMap { stored.decode(row..<row + 1, into: $0) }
            }
            if let fault { throw CacheError("response \(row): \(fault.reason)") }
            let exact = responses[row * classes..<(row + 1) * classes]
            let total = exact.reduce(0.0) { $0 + Double($1) }
            let divergence = Divergence.of(exact.lazy.map { Double($0) / total }, from: decoded)
            sum += divergence
            largest = max(largest, divergence)
        }
        let even: Bool
        if case .bounded = encoding { even = used == nil } else { even = false }
        return EncodingCost(
            layout: "\(encoding)\(even ? ", shared evenly" : "")",
            entries: statistics.meanEntries,
            bytes: statistics.meanBytes + (used == nil ? 0 : priorBytes),
            meanKL: sum / Double(rows), maxKL: largest)
    }

    /// The bounded encoding of the tightest bound that takes at most so many bytes per response.
    ///
    /// - Throws: `CacheError` for a row that is no distribution.
    package func bounded(bytes: Double) throws(CacheError) -> EncodingCost {
        var (tight, loose) = (
            log(RowEncoding.bounds.lowerBound), log(RowEncoding.bounds.upperBound)
        )
        var best = try cost(of: .bounded(maxKL: RowEncoding.bounds.upperBound))
        for _ in 0..<10 {
            let middle = (tight + loose) / 2
            let cost = try cost(of: .bounded(maxKL: exp(middle)))
            if cost.bytes <= bytes {
                loose = middle
                if cost.meanKL < best.meanKL { best = cost }
            } else {
                tight = middle
            }
        }
        return best
    }

    /// Plain top-K as TinyViT stores it, for every K from 1 to `limit`: a seed of 4 bytes, then an
    /// int16 and a float16 for each class; readers share 1 minus the sum evenly.
    ///
    /// Source: microsoft/Cream, TinyViT, `save_logits.py` and `main.py`.
    package func plainTopK(limit: Int) -> [EncodingCost] {
        let limit = min(limit, classes - 1)
        var sums = [Double](repeating: 0, count: limit + 1)
        var largest = sums
        var selection = LargestClasses()
        responses.withUnsafeBufferPointer { responses in
            for start in stride(from: 0, to: responses.count, by: classes) {
                let row = UnsafeBufferPointer(rebasing: responses[start..<start + classes])
                selection.select(limit, of: row)
                let total = row.reduce(0.0) { $0 + Double($1) }
                var (negativeEntropy, coded, stored, halves) = (0.0, 0.0, 0.0, 0.0)
                for value in row where value > 0 {
                    let p = Double(value) / total
                    negativeEntropy += p * log(p)
                }
                for count in 1...limit {
                    let p = Double(row[selection[count - 1]]) / total
                    // Below the smallest half there is nothing; the layout has no guard for it.
                    let half = max(Double(Float16(p)), 0x1p-25)
                    stored += p
                    halves += half
                    coded -= p * log(half)
                    // Rounding can leave less than nothing, which no reader could take a logarithm
                    // of: taken for the smallest half.
                    let share = max(1 - halves, 0x1p-25) / Double(classes - count)
                    // Readers do not divide by the sum, so neither does this.
                    let divergence =
                        negativeEntropy + coded - max(1 - stored, 0) * log(share)
                    sums[count] += divergence
                    largest[count] = max(largest[count], divergence)
                }
            }
        }
        return (1...limit).map { count in
            EncodingCost(
                layout: "plain top-\(count)", entries: Double(count), bytes: Double(4 + 4 * count),
                meanKL: sums[count] / Double(rows), maxKL: largest[count])
        }
    }
}

/// What a way of storing responses costs in bytes and in accuracy.
package struct EncodingCost: Codable, Equatable, Sendable {
    /// The way, such as `bounded 0.01 nats`.
    package let layout: String
    /// Classes stored per response.
    package let entries: Double
    /// Bytes per response, a prior's share included, without the files' overhead.
    package let bytes: Double
    /// The mean of KL(response ‖ decoded), in nats.
    package let meanKL: Double
    /// Its maximum.
    package let maxKL: Double

    private enum CodingKeys: String, CodingKey {
        case layout, entries, bytes
        case meanKL = "mean_kl"
        case maxKL = "max_kl"
    }
}
