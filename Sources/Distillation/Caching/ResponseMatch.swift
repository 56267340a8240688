/// Finds the row of each image of a data set in a file of responses.
struct ResponseMatch {
    /// The file of responses, for errors.
    let file: String
    /// The dataset that is matched, for errors.
    let dataset: String
    /// The images' paths below the data set's root, in the data set's order.
    let images: [String]

    /// The rows of the images.
    struct Rows: Equatable {
        /// The row of each image.
        var rows: [Int] = []
        /// How many were found by the ends of paths: neither is the key the image's path, nor its
        /// name alone.
        var byEnds = 0
        /// The first of those.
        var example: (key: String, image: String)?

        static func == (left: Rows, right: Rows) -> Bool {
            left.rows == right.rows && left.byEnds == right.byEnds
        }
    }

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

    /// Rows by path: the key is an image's relative path, or one of the two is the end of the other,
    /// such as an image's name, or an absolute path, and that of no other.
    ///
    /// - Parameter keys: the name of each row, no two alike; more than the images are fine.
    /// - Throws: `TrainingError` naming the first image without a row, or with several.
    func rows(keys: [String]) throws(TrainingError) -> Rows {
        let paths = keys.map(Self.components)
        let known = Dictionary(
            paths.enumerated().map { (Self.joined($1), [$0]) }, uniquingKeysWith: +)
        let lengths = Set(paths.map(\.count))
        let own = images.map(Self.components)
        // Only ends of as many names as an image's path has are looked for.
        var ends: [String: [Int]] = [:]
        let wanted = Set(own.map(\.count))
        for (row, path) in paths.enumerated() {
            for length in wanted where length < path.count {
                ends[Self.joined(path.suffix(length)), default: []].append(row)
            }
        }
        var found = Rows()
        var isExact: [Bool] = []
        for (image, path) in zip(images, own) {
            let whole = Self.joined(path)
            var rows = known[whole] ?? []
            isExact.append(!rows.isEmpty)
            if rows.isEmpty {
                rows = lengths.filter { $0 < path.count }.sorted()
                    .flatMap { known[Self.joined(path.suffix($0))] ?? [] }
                rows += ends[whole] ?? []
            }
            guard let row = rows.first else {
                throw TrainingError(
                    "\(file): dataset '\(dataset)' has no key for the image \(image): neither its "
                        + "path nor an end of it is there"
                        + (keys.first.map { "; the first key is '\($0)'" } ?? ""))
            }
            guard rows.count == 1 else {
                throw TrainingError(
                    "\(file): dataset '\(dataset)' has several keys for the image \(image): "
                        + "'\(keys[row])' and '\(keys[rows[1]])'; use relative paths as keys")
            }
            found.rows.append(row)
        }
        try requireOneImage(each: found.rows, keys: keys, isExact: isExact)
        for (index, row) in found.rows.enumerated()
        where !isExact[index] && paths[row].count > 1 {
            found.byEnds += 1
            if found.example == nil { found.example = (keys[row], images[index]) }
        }
        return found
    }

    /// Refuses a key that was found by more than one image.
    private func requireOneImage(
        each rows: [Int], keys: [String], isExact: [Bool]
    ) throws(TrainingError) {
        var bearers: [Int: Int] = [:]
        for row in rows { bearers[row, default: 0] += 1 }
        for (index, row) in rows.enumerated() {
            guard let count = bearers[row], count > 1, !isExact[index] else { continue }
            throw TrainingError(
                "\(file): dataset '\(dataset)' has the key '\(keys[row])', which fits \(count) "
                    + "images, \(images[index]) among them; use relative paths as keys")
        }
    }

    /// The names of a path; one without a slash may be of Windows.
    private static func components(_ path: String) -> [Substring] {
        let separator: Character = path.contains("/") ? "/" : "\\"
        return path.split(separator: separator).filter { $0 != "." }
    }

    private static func joined(_ path: some Collection<Substring>) -> String {
        path.joined(separator: "/")
    }
}
