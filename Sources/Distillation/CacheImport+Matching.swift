/// Finds the row of each image of a data set in a file of responses.
struct ResponseMatch {
    /// The file of responses, for errors.
    let file: String
    /// The dataset that is matched, for errors.
    let dataset: String
    /// The images' paths below the data set's root, in the data set's order.
    let images: [String]

    /// Rows in the order of the sorted paths.
    ///
    /// - Throws: `TrainingError` if there is not one row for each image.
    func rows(count: Int) throws(TrainingError) -> [Int] {
        guard count == images.count else {
            throw TrainingError(
                "\(file): dataset '\(dataset)' has \(count) rows for \(images.count) images; "
                    + "without keys there must be one for each, in the order of sorted paths")
        }
        // By code points, as Python's sorted() does: UTF-8 keeps their order.
        let sorted = images.indices.sorted {
            images[$0].utf8.lexicographicallyPrecedes(images[$1].utf8)
        }
        var rows = [Int](repeating: 0, count: count)
        for (row, image) in sorted.enumerated() { rows[image] = row }
        return rows
    }

    /// Rows by file name: an image's relative path, or its base name where only one image has it.
    ///
    /// - Parameter keys: the name of each row, no two alike; more than the images are fine.
    /// - Throws: `TrainingError` naming the first image without a row.
    func rows(keys: [String]) throws(TrainingError) -> [Int] {
        let known = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        var bearers: [Substring: Int] = [:]
        for image in images { bearers[Self.baseName(image), default: 0] += 1 }
        var rows: [Int] = []
        rows.reserveCapacity(images.count)
        for image in images {
            if let row = known[image] {
                rows.append(row)
                continue
            }
            let base = Self.baseName(image)
            guard let row = known[String(base)] else {
                throw TrainingError(
                    "\(file): dataset '\(dataset)' has no key for the image \(image): neither its "
                        + "path nor its name is there")
            }
            guard bearers[base] == 1 else {
                throw TrainingError(
                    "\(file): dataset '\(dataset)' has the key '\(base)', which \(bearers[base] ?? 0) "
                        + "images are named, \(image) among them; use relative paths as keys")
            }
            rows.append(row)
        }
        return rows
    }

    private static func baseName(_ path: String) -> Substring {
        path.split(separator: "/").last ?? path[...]
    }
}
