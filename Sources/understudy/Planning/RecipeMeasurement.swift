import Base
import Distillation
import Foundation
import Loading
import Recipes
import ResponseCache
import Torch

/// What `understudy bench --recipe` measured, as it prints it and as `plan --measured` reads it.
struct RecipeMeasurement: Codable {
    /// What the speeds depend on besides the machine; `plan` refuses those of another recipe.
    struct Subject: Codable, Equatable {
        let recipe: String
        let model: String
        let viewSize: Int
        let group: Int
        let groups: Int
        let precision: String
        let teachers: [String]
        /// How responses are stored; nil without a cache.
        let encoding: String?

        init(_ recipe: Recipe, teachers: [String]) {
            self.recipe = recipe.name
            model = recipe.model.name
            viewSize = recipe.view.size
            group = recipe.batch.group
            groups = recipe.batch.groups
            precision = recipe.precision.rawValue
            self.teachers = teachers
            encoding = recipe.cache.map { "\($0.rowEncoding)" }
        }

        /// The fields that differ, as they are there and here.
        func differences(from other: Subject) -> [String] {
            let fields: [(String, String, String)] = [
                ("name", other.recipe, recipe), ("model.name", other.model, model),
                ("view.size", "\(other.viewSize)", "\(viewSize)"),
                ("batch.group", "\(other.group)", "\(group)"),
                ("groups of a step", "\(other.groups)", "\(groups)"),
                ("precision", other.precision, precision),
                (
                    "teachers", other.teachers.joined(separator: ", "),
                    teachers.joined(separator: ", ")
                ),
                ("cache.encoding", other.encoding ?? "none", encoding ?? "none"),
            ]
            return fields.filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1) there, \($0.2) here" }
        }

        private enum CodingKeys: String, CodingKey {
            case recipe, model, group, groups, precision, teachers, encoding
            case viewSize = "view_size"
        }
    }

    /// A teacher's speed, and what its responses take.
    struct Teacher: Codable {
        let name: String
        let forward: RecipeProbe.Speed
        let caching: RecipeProbe.Speed
        /// Responses that bytes were measured on.
        let sampled: Int
        let bytesPerResponse: Double
        /// Of a part's file besides its responses.
        let bytesPerPart: Int
        /// Whether the cache will take less: the sample was too small for the table of look-alikes
        /// that the cache learns.
        let isUpperBound: Bool
        /// Of KL(response ‖ decoded), in nats.
        let meanKL: Double
        /// On one core, from files in memory.
        let rowsPerSecond: Double

        private enum CodingKeys: String, CodingKey {
            case name, forward, caching, sampled
            case bytesPerResponse = "bytes_per_response"
            case bytesPerPart = "bytes_per_part"
            case isUpperBound = "is_upper_bound"
            case meanKL = "mean_kl"
            case rowsPerSecond = "rows_per_second"
        }
    }

    /// The most bytes at once; nil where nobody counts them.
    struct Memory: Codable {
        let host: Int?
        let device: Int?

        /// Since the process began or `PeakMemory.reset()`.
        static func peak(on device: Device) -> Memory {
            Memory(host: PeakMemory.resident(), device: try? device.peakMemory())
        }

        var text: String {
            [host.map { "\($0.byteText) of RAM" }, device.map { "\($0.byteText) on the GPU" }]
                .compactMap { $0 }.joined(separator: ", ")
        }
    }

    let subject: Subject
    /// In the data set.
    let images: Int
    let device: String
    let threads: Int
    let workers: Int
    let views: RecipeProbe.Speed
    /// Steps alone.
    let student: RecipeProbe.Speed
    /// Steps beside the threads that render.
    let training: RecipeProbe.Speed
    let teachers: [Teacher]
    /// With all teachers in turn; nil without one.
    let cachingMemory: Memory?
    let trainingMemory: Memory

    private enum CodingKeys: String, CodingKey {
        case subject, images, device, threads, workers, views, student, training, teachers
        case cachingMemory = "caching_memory"
        case trainingMemory = "training_memory"
    }

    /// Measures.
    ///
    /// - Parameter patience: seconds for each figure.
    init(
        _ recipe: Recipe, device: Device, loading: LoadingOptions, patience: Double,
        progress: any ProgressReporter
    ) throws {
        let probe = try RecipeProbe(
            recipe, device: device, loading: loading, patience: patience, progress: progress)
        self.images = probe.loader.dataset.samples.count
        self.device = device.description
        threads = Threads.count
        workers = loading.workers
        views = try probe.views()
        // What takes least comes first: freed memory is kept for what follows.
        PeakMemory.reset()
        teachers = try recipe.cachedTeachers.map { try Teacher(probe.responses(of: $0)) }
        cachingMemory = teachers.isEmpty ? nil : .peak(on: device)
        PeakMemory.reset()
        (student, training) = try probe.training()
        trainingMemory = .peak(on: device)
        subject = Subject(recipe, teachers: teachers.map(\.name))
    }

    /// Reads what `understudy bench --json` printed.
    ///
    /// - Throws: `SystemFailure` for a file that cannot be read, `CommandError` for another.
    init(contentsOf path: String) throws {
        guard let bytes = try BoundedFile.read(path, limit: 1 << 20) else {
            throw CommandError("\(path): is too large for what understudy bench --json prints")
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw CommandError(
                "\(path): is not what understudy bench --recipe … --json prints "
                    + "(\(errorText(error)))")
        }
        let speeds = [views, student, training] + teachers.flatMap { [$0.forward, $0.caching] }
        let figures = teachers.flatMap { [$0.bytesPerResponse, $0.rowsPerSecond] }
        guard images > 0, speeds.allSatisfy({ $0.images > 0 && $0.seconds > 0 }),
            figures.allSatisfy({ $0 > 0 && $0 < 1e12 }),
            teachers.allSatisfy({ (0...1 << 30).contains($0.bytesPerPart) })
        else { throw CommandError("\(path): has a speed or a size that is not above zero") }
    }

    var text: String {
        func line(_ name: String, _ speed: RecipeProbe.Speed, _ note: String) -> String {
            name.padding(toLength: 17, withPad: " ", startingAt: 0)
                + String(format: "%9.1f images/s   ", speed.imagesPerSecond) + note
        }
        var lines = [
            "recipe           \(subject.recipe), \(images.grouped) images",
            "device           \(device); \(threads) threads compute, \(workers) render",
            "",
            line("views", views, "rendered by all threads that render"),
        ]
        for teacher in teachers {
            lines += [
                line("teacher", teacher.forward, "\(teacher.name), its forward pass"),
                line("  building", teacher.caching, "the same while views are rendered"),
                String(
                    format: "  reading        %9.0f rows/s     on one core", teacher.rowsPerSecond),
                String(
                    format: "  a response     %9.1f B          ", teacher.bytesPerResponse)
                    + "\(subject.encoding ?? ""), of \(teacher.sampled.grouped)"
                    + (teacher.isUpperBound ? "; a whole cache takes less" : ""),
            ]
        }
        lines += [
            line(
                "student", student, "\(subject.model), steps of \(student.images / student.rounds)"),
            line("  training", training, "the same while views are rendered"),
            "",
        ]
        if let cachingMemory { lines.append("memory, building \(cachingMemory.text) at most") }
        lines.append("memory, training \(trainingMemory.text) at most")
        return lines.joined(separator: "\n").printableLines
    }
}

extension RecipeMeasurement.Teacher {
    /// Encodes what a teacher said.
    init(_ measured: RecipeProbe.Responses) throws {
        let manifest = measured.manifest
        let classes = manifest.classes
        let rows = measured.rows.count / classes
        // The cache's own rule, where the sample suffices for it and leaves as much to measure.
        let learnt = manifest.learntRows
        let learns = learnt > 0 && rows >= 2 * learnt
        let subject = EncodingReport.Subject(
            name: manifest.teacher, classes: classes,
            calibration: learns ? Array(measured.rows[..<(learnt * classes)]) : [],
            responses: learns ? Array(measured.rows[(learnt * classes)...]) : measured.rows,
            cached: manifest.epochs * manifest.slotsPerEpoch)
        let cost = try EncodingBenchmark(
            responses: subject.responses, calibration: subject.calibration, classes: classes,
            cached: subject.cached
        ).cost(of: manifest.encoding)
        self.init(
            name: manifest.teacher, forward: measured.forward, caching: measured.caching,
            sampled: subject.responses.count / classes, bytesPerResponse: cost.bytes,
            bytesPerPart: try ReadingSpeed.frame(
                subject, partOf: manifest, bytesPerRow: cost.bytes),
            isUpperBound: learnt > 0 && !learns, meanKL: cost.meanKL,
            rowsPerSecond: try ReadingSpeed.measure(manifest.encoding, subject))
    }
}
