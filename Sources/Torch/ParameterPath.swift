/// The name of a layer or tensor in a model, built piece by piece: `path / "layer1" / 0 / "conv1"`.
///
/// Names are torchvision's and timm's, so that their weight files load without a table of renames.
package struct ParameterPath: ExpressibleByStringLiteral, CustomStringConvertible, Hashable,
    Sendable
{
    /// The pieces joined by dots; empty for the root.
    package let description: String

    /// A path from its dotted form; `""` is the root.
    package init(_ name: String) {
        description = name
    }

    /// A path from its dotted form; `""` is the root.
    package init(stringLiteral name: String) {
        self.init(name)
    }

    /// The path of a part.
    package static func / (path: ParameterPath, part: String) -> ParameterPath {
        ParameterPath(path.description.isEmpty ? part : "\(path).\(part)")
    }

    /// The path of a numbered part.
    package static func / (path: ParameterPath, part: Int) -> ParameterPath {
        path / String(part)
    }
}

/// How a parameter starts.
package enum Initializer: Sendable, Equatable {
    /// All 0.
    case zeros
    /// All 1.
    case ones
    /// All one value.
    case constant(Double)
    /// Evenly from −bound ..< bound.
    case uniform(bound: Double)
    /// Normal with mean 0.
    case normal(std: Double)
    /// Normal with mean 0, cut to −2 … 2 in absolute terms: timm's `trunc_normal_`.
    case truncatedNormal(std: Double)
}
