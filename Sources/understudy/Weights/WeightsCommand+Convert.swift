import ArgumentParser
import Base
import Foundation
import Models
import Torch

extension WeightsCommand {
    /// `understudy weights convert`.
    struct Convert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes weights as safetensors, also with another library's names.",
            discussion: """
                Without --to the tensors keep their names and types. With it they are those of \
                the network that the weights look like, in float32, as that library's files have \
                them.

                Example:
                  understudy weights convert beit.pth --out beit.safetensors --to huggingface
                """)

        @Argument(
            help: ArgumentHelp(
                "The weights: a file, the index of several, or a folder.", valueName: "weights"))
        var path: String

        @Option(name: .long, help: "The file to write.")
        var out: String

        @Option(
            name: .customLong("to"),
            help: ArgumentHelp(
                "Whose names the tensors are to have: "
                    + "\(WeightOrigin.allValueStrings.joined(separator: ", ")).",
                valueName: "layout"))
        var target: WeightOrigin?

        @OptionGroup var reading: WeightsOptions

        @Flag(name: .long, help: "Print JSON.")
        var json = false

        func validate() throws {
            guard target != nil || reading.layout == nil else {
                throw ValidationError("--layout is for --to; leave it out")
            }
        }

        func run() throws {
            let out = try OutputFile(out, "--out", .weights)
            let archive = try WeightsArchives.open(path, entry: reading.entry)
            for note in archive.notes {
                StandardStreams.report("\(archive.path): \(note)\n".printableLines)
            }
            let directory = try directory()
            let tensors = try tensors(of: archive, directory)
            var metadata = try metadata(of: archive, directory)
            metadata["format"] = metadata["format"] ?? "pt"
            let count = tensors.count
            try SafetensorsFile.writeSealed(tensors, metadata: metadata, to: out.path)
            try report(count, bytes: RegularFile.bytes(at: out.path))
        }

        /// What the folder says of its network, if it is a Hugging Face directory. Only --to depends
        /// on it: without, one that is not understood is left aside with a line.
        private func directory() throws -> HuggingFaceDirectory? {
            guard HuggingFaceDirectory.isOne(path) else { return nil }
            do { return try HuggingFaceDirectory(path) } catch {
                guard target == nil else { throw error }
                StandardStreams.report("\(error); its tensors alone are taken\n".printableLines)
                return nil
            }
        }

        private func tensors(
            of archive: any WeightsArchive, _ directory: HuggingFaceDirectory?
        ) throws -> [(String, Tensor)] {
            guard let target else {
                return try archive.names.map { ($0, try archive.tensor($0)) }
            }
            let (architecture, classes) = try network(archive, directory)
            let layouts = try architecture.layouts(of: target)
            let network = try architecture.makeNetwork(classes: classes)
            for note in try network.load(archive, layout: reading.layout).dropFirst(
                archive.notes.count)
            {
                StandardStreams.report("\(note)\n")
            }
            return try layouts[0].tensors(of: network.store).map { ($0.name, $0.tensor) }
        }

        /// The network that the weights are of: as their directory says, or as they look.
        private func network(
            _ archive: any WeightsArchive, _ directory: HuggingFaceDirectory?
        ) throws -> (Architecture, Int) {
            let likeness = directory == nil ? WeightsLikeness(of: archive) : nil
            guard let architecture = directory?.architecture ?? likeness?.architecture else {
                let looks = likeness.map { ", but like \($0.description)" } ?? ""
                throw CommandError(
                    "\(archive.path): looks like no network that this program has\(looks); leave out "
                        + "--to to keep the names")
            }
            return (architecture, try architecture.classes(of: archive, layout: reading.layout))
        }

        /// What the file says of itself and, where it is a directory, what that says of the network.
        private func metadata(
            of archive: any WeightsArchive, _ directory: HuggingFaceDirectory?
        ) throws -> [String: String] {
            guard let directory else { return archive.metadata }
            var description = try WeightsDescription(of: archive)
            description.model =
                description.model ?? PublishedNetwork.name(of: directory.architecture)
            description.preprocessing = description.preprocessing ?? directory.preprocessing
            description.classes = description.classes ?? directory.classNames
            return archive.metadata.merging(description.metadata) { $1 }
        }

        private struct Output: Encodable {
            let out: String
            let tensors: Int
            let bytes: Int?
        }

        private func report(_ tensors: Int, bytes: Int?) throws {
            guard !json else {
                try StandardStreams.print(Output(out: out, tensors: tensors, bytes: bytes).json())
                return
            }
            let size = bytes.map { ", \($0.byteText)" } ?? ""
            try StandardStreams.print(
                "\(out): safetensors, \(tensors.grouped) tensors\(size)".printable)
        }
    }
}
