/// The name of a layer or tensor in a model, built piece by piece: `path / "layer1" / 0 / "conv1"`.
///
/// Names are those of a network's reference implementation, whose files hold them.
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
