import Imaging

extension ImageDataset {
    /// Checks that every image of a validation set can be read, by its beginning and its end.
    ///
    /// A header that can be read and the format's end mark near the end of the file are taken for a
    /// whole image; one without the mark is decoded. So a training finds what would end its first
    /// validation before it begins: 50,000 images take some seconds.
    ///
    /// - Throws: `DatasetError` naming the first that cannot be decoded, and how many more there
    ///   are, or that cannot be read at all; `Interrupted` after a signal.
    package func checkValidationImages(workers: Int) throws {
        let faults = try DatasetError.stoppable { () throws(DatasetError) in
            try concurrentMap(samples.count, workers: workers) { index throws(DatasetError) in
                try DatasetError.refuseInterruption(reading: path)
                return try fault(of: index)
            }
        }.compactMap { $0 }
        guard let first = faults.first else { return }
        let others = faults.count - 1
        throw DatasetError(
            "\(first.description); every validation image counts, data.on_error is for training "
                + "images" + (others > 0 ? " (and \(others) more cannot be decoded)" : ""),
            cause: first.cause)
    }

    /// The reason for which an image cannot be decoded; nil if there is none.
    private func fault(of index: Int) throws(DatasetError) -> DatasetError? {
        let count = samples[index].bytes
        let buffer = FileBuffer()
        do {
            let head = 0..<min(count, 1 << 16)
            let format = try reading(head, of: index, into: buffer) {
                try ImageDecoder.check($0)
            }
            let tail = max(0, count - 4096)..<count
            if try reading(tail, of: index, into: buffer, { format.ends(in: $0) }) { return nil }
        } catch {
            guard error.isUndecodable else { throw error }
        }
        // Most headers lie within the beginning, but a camera's preview may come before.
        do {
            _ = try image(index)
            return nil
        } catch {
            guard error.isUndecodable else { throw error }
            return error
        }
    }
}
