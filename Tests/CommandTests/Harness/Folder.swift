import Foundation
import Imaging
import Testing

/// A folder with a small data set, a teacher's card and recipes; removed with the test.
final class Folder: Sendable {
    let path: String
    static let classes = 4
    static let trainImages = 48
    static let valImages = 16

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-\(UUID().uuidString)").path
        for (name, count) in [("train", Self.trainImages), ("val", Self.valImages)] {
            for index in 0..<count {
                let label = index % Self.classes
                try write(
                    "\(name)/c\(label)/\(index).jpg",
                    Data(
                        ImageEncoder.jpeg(
                            Self.image(label: label, index: index + count), quality: 92)))
            }
        }
        try write("card.yaml", Data(Self.card.utf8))
        try write("base.yaml", Data(Self.base.utf8))
        try write("teacher.yaml", Data(Self.teacher.utf8))
        try write("student.yaml", Data(Self.student.utf8))
    }

    /// A copy of another folder.
    private init(copying other: Folder) throws {
        path = Self.newPath()
        try FileManager.default.copyItem(atPath: other.path, toPath: path)
    }

    /// A folder with a trained teacher and the whole cache of its responses.
    static func prepared() throws -> Folder {
        _ = cleaning
        return try Folder(copying: template.get())
    }

    /// A static is never released, so the template goes with the process.
    private static let cleaning = atexit {
        if let folder = try? Folder.template.get() {
            try? FileManager.default.removeItem(atPath: folder.path)
        }
    }

    /// Trained once for all tests. The cache does not know its folder's path: the data set's digest
    /// is of relative paths.
    private static let template = Result {
        let folder = try Folder()
        let teacher = try Program.run(
            ["train", "--recipe", "teacher.yaml", "--out", "teacher"], in: folder)
        try #require(teacher.status == 0, "\(teacher.errors)")
        let cache = try Program.run(
            ["cache", "build", "--recipe", "student.yaml", "--cache", "cache"], in: folder)
        try #require(cache.status == 0, "\(cache.errors)")
        return folder
    }

    private static func newPath() -> String {
        FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-\(UUID().uuidString)").path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ data: Data) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    func data(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(name)")
    }

    /// The files below a folder with their contents, hidden ones included.
    func contents(_ folder: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(folder)") {
            var isFolder: ObjCBool = false
            let full = "\(path)/\(folder)/\(name)"
            if FileManager.default.fileExists(atPath: full, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                files[name] = try Data(contentsOf: URL(fileURLWithPath: full))
            }
        }
        return files
    }

    /// Lines of JSON as dictionaries.
    func lines(_ name: String) throws -> [[String: Double]] {
        try String(decoding: data(name), as: UTF8.self).split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return (object as? [String: Any])?.compactMapValues { ($0 as? NSNumber)?.doubleValue }
                ?? [:]
        }
    }

    /// Stripes whose direction is the class, on a ground whose color varies.
    private static func image(label: Int, index: Int) -> Image {
        let (width, height) = (39 + index % 4, 35 + index % 3)
        var image = Image(width: width, height: height, fill: (0, 0, 0))
        for y in 0..<height {
            for x in 0..<width {
                let phase = [x, y, x + y, x - y + 400][label] + index
                let base = (y * width + x) * 3
                image.pixels[base] = phase % 8 < 4 ? 230 : 20
                image.pixels[base + 1] = UInt8((index * 37) % 200)
                image.pixels[base + 2] = phase % 8 < 4 ? 40 : 200
            }
        }
        return image
    }

    private static let card = """
        name: tiny
        kind: beit
        classes: 4
        architecture: {image_size: 32, patch: 4, width: 64, depth: 4, heads: 4, mlp_ratio: 4, layer_scale: 1.0}
        preprocessing: {size: 32, resize: 36, interpolation: bilinear, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
        weights: {file: teacher/average.safetensors, sha256: null}
        source: trained by the test
        """

    private static let base = """
        name: base
        seed: 11
        data: {train: train, val: val, classes: 4, on_error: fail}
        view:
          size: 32
          crop: {scale: [0.3, 1.0], ratio: [0.75, 1.3333333333333333]}
          interpolation: random
          flip: 0.0
          randaugment: none
          mean: [0.485, 0.456, 0.406]
          std: [0.229, 0.224, 0.225]
          mix: {probability: 0.5, mixup: 0.2, cutmix: 1.0, switch: 0.5}
          label_smoothing: 0.1
        batch: {size: 24, group: 12, repeats: 1}
        model: {name: resnet18, init: pytorch, drop_path: 0.0}
        loss: {kl: 0.0, ce: 1.0}
        optimizer: {name: lamb, lr: 5.0e-3, weight_decay: 0.02, betas: [0.9, 0.999], eps: 1.0e-6, max_grad_norm: 1.0}
        schedule: {epochs: 8, warmup: 1, cooldown: 1, final_ratio: 0.01}
        ema: {decay: 0.9, beta: 15}
        average: {keep: 2}
        validation: {size: 32, resize: 36, interpolation: bilinear, batch: 7}
        precision: fp32
        checkpoint: {every_steps: 3}

        """

    private static let teacher = """
        extends: base.yaml
        name: teacher
        model: {name: beit_micro_patch4_32, init: timm, drop_path: 0.1}
        optimizer: {name: adamw, lr: 1.0e-3, weight_decay: 0.05}
        schedule: {epochs: 30}

        """

    private static let student = """
        extends: base.yaml
        name: student
        teacher: {card: card.yaml, precision: fp32}
        cache: {epochs: 2, encoding: topk, top_k: 3, groups_per_part: 3}
        loss: {kl: 0.8, ce: 0.2}

        """
}
