import Models
import StrictYAML
import Torch

extension TeacherCard {
    /// A module that somebody exported, and how its images are prepared.
    package struct Exported: Sendable, Equatable {
        package var format: ExportedModule.Format
        package var interface: Interface
        package var preprocessing: Preprocessing

        /// What a module takes and answers; the section `exported`.
        package struct Interface: Section, Equatable {
            package var input = Input.float32
            package var batch: Int?
            package var output = ExportedModel.Output.logits

            /// The type of its images.
            package enum Input: String, Sendable, CaseIterable {
                case float32, float16, bfloat16

                package var dtype: DType {
                    switch self {
                    case .float32: .float32
                    case .float16: .float16
                    case .bfloat16: .bfloat16
                    }
                }
            }

            package static let initial = Self()
            package static let keys: [Key<Self>] = [
                Key(
                    "input", \.input, .choice, hasDefault: true,
                    "the type of the images `[N, 3, size, size]` that it takes"),
                // The answers are the same whatever the batch.
                Key(
                    "batch", \.batch, .orNone(.integer(in: 1...65_536)), hasDefault: true,
                    field: .never,
                    "the only number of images that it takes at a time; none if any will do"),
                Key(
                    "output", \.output, .choice, hasDefault: true,
                    "what it answers, `[N, classes]`"),
            ]
        }

        /// - Returns: `nil` where one of its sections is missing, or is none, which is noted.
        init?(of format: ExportedModule.Format, _ file: SectionReader) throws(YAMLError) {
            let interface = try file.noting("exported") { (file) throws(YAMLError) in
                file.has("exported") ? try file.section("exported") : Interface.initial
            }
            let preprocessing = try file.noting("preprocessing") { (file) throws(YAMLError) in
                try file.section("preprocessing") as Preprocessing
            }
            guard let interface, let preprocessing else { return nil }
            (self.format, self.interface, self.preprocessing) = (format, interface, preprocessing)
        }

        var fingerprintLine: String {
            ([format.rawValue] + interface.fields(under: "").map { "\($0.name)=\($0.value)" })
                .joined(separator: " ")
        }
    }
}
