import Foundation

/// The names of a sample's members.
struct MemberName: Equatable {
    let image: String
    let label: String
    /// The image's path, where the name is another one.
    let source: String?
}

/// Gives the samples of one shard names that WebDataset's key rule keeps apart.
///
/// A name is the image's path with the dots of its last component, but the ending's, replaced by
/// `_`. Absolute paths lose their slash and `..` becomes `__`, for names that a careless unpacking
/// cannot use to write elsewhere. A name that is taken gets a number.
struct MemberNames {
    private var keys: Set<[UInt8]> = []

    /// - Parameters:
    ///   - path: the image's path.
    ///   - ending: the ending of the image's kind, for a path without one.
    mutating func next(_ path: String, ending: String) -> MemberName {
        var components = path.split(separator: "/").filter { $0 != "." }
            .map { $0 == ".." ? "__" : String($0) }
        if let first = components.first, ShardScan.isNote(first) { components[0] = "-" + first }
        var base = components.popLast() ?? ""
        var suffix = ending
        if let dot = base.lastIndex(of: "."), dot != base.startIndex,
            FileEndings.images.contains(base[base.index(after: dot)...].lowercased())
        {
            suffix = String(base[base.index(after: dot)...])
            base = String(base[..<dot])
        }
        base = base.replacingOccurrences(of: ".", with: "_")
        if base.isEmpty { base = "_" }
        let folder = components.map { "\($0)/" }.joined()
        var key = folder + base
        var number = 2
        while !keys.insert(Array(key.utf8)).inserted {
            key = "\(folder)\(base)-\(number)"
            number += 1
        }
        let image = "\(key).\(suffix)"
        return MemberName(
            image: image, label: "\(key).cls",
            source: image.utf8.elementsEqual(path.utf8) ? nil : path)
    }
}
