import Foundation
import Imaging
import Testing

/// A Chromium without a window, for pages that the program makes. Not every machine has one.
enum Browser {
    /// A page as it lies in a viewport, in pixels.
    struct Layout: Decodable {
        struct Box: Decodable {
            let left, top, right, bottom: Double
        }

        /// The viewport's width, and that which the page takes in it.
        let width, needed: Double
        /// The height of the page.
        let height: Double
        /// Where the SVG pictures are.
        let figures: [Box]
        /// The width of each other picture; 0 of one that cannot be shown.
        let images: [Double]
    }

    static let isThere = program != nil
    static let absence: Comment =
        "no chromium, chromium-browser or google-chrome on PATH that shows a page"

    /// The first on PATH that shows a page: some only say how to install them, or see no files here.
    private static let program: String? = {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        let names = ["chromium", "chromium-browser", "google-chrome"]
        let found = names.flatMap { name in folders.map { "\($0)/\(name)" } }
            .filter(FileManager.default.isExecutableFile(atPath:))
        return found.first { path in
            guard let folder = try? Scratch(),
                (try? Data("<p>seen</p>".utf8).write(to: folder.file("page.html"))) != nil
            else { return false }
            let page = try? run(path, ["--dump-dom", folder.address("page.html")], in: folder)
            return page?.output.contains("<p>seen</p>") ?? false
        }
    }()

    /// Lays a page out in a frame of some width, which a phone's can be, as a window's can not.
    ///
    /// - Returns: where things are, and what the console says: errors of scripts, files that are missing.
    static func layout(
        of page: String, width: Int
    ) throws -> (page: Layout, complaints: [String]) {
        let scratch = try Scratch()
        let address = URL(fileURLWithPath: page).absoluteString
        try Data(frame(address, width: width).utf8).write(to: scratch.file("frame.html"))
        let outcome = try run(
            try #require(program),
            [
                "--dump-dom", "--allow-file-access-from-files", "--enable-logging=stderr",
                "--hide-scrollbars", "--window-size=1600,1000", scratch.address("frame.html"),
            ], in: scratch)
        let told = try #require(
            outcome.output.firstMatch(of: /data-seen="([^"]*)"/), "\(outcome.errors)")
        let json = told.1.replacingOccurrences(of: "&quot;", with: "\"")
        let complaints = outcome.errors.split(separator: "\n").filter { $0.contains(":CONSOLE") }
        return (
            try JSONDecoder().decode(Layout.self, from: Data(json.utf8)),
            complaints.map(String.init)
        )
    }

    /// What a page looks like, in a window of some size.
    static func picture(of page: String, width: Int, height: Int) throws -> Image {
        let scratch = try Scratch()
        let outcome = try run(
            try #require(program),
            [
                "--screenshot=\(scratch.file("page.png").path)", "--hide-scrollbars",
                "--window-size=\(width),\(height)", URL(fileURLWithPath: page).absoluteString,
            ], in: scratch)
        let bytes = try #require(
            try? Data(contentsOf: scratch.file("page.png")), "\(outcome.errors)")
        return try bytes.withUnsafeBytes { try ImageDecoder.decode($0) }
    }

    /// A page that measures another one and writes into itself what it finds.
    private static func frame(_ address: String, width: Int) -> String {
        """
        <!DOCTYPE html>
        <html><body style="margin: 0">
        <iframe src="\(address)" style="border: 0; width: \(width)px; height: 900px"></iframe>
        <script>
        addEventListener("load", () => {
          const page = document.querySelector("iframe").contentDocument;
          const root = page.documentElement;
          document.documentElement.dataset.seen = JSON.stringify({
            width: root.clientWidth, needed: root.scrollWidth, height: root.scrollHeight,
            figures: [...page.querySelectorAll("svg")].map(one => one.getBoundingClientRect()),
            images: [...page.images].map(one => one.naturalWidth),
          });
        });
        </script>
        </body></html>
        """
    }

    private static func run(
        _ program: String, _ arguments: [String], in scratch: Scratch
    ) throws -> (output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments =
            ["-s", "KILL", "60", program, "--headless", "--no-sandbox", "--disable-gpu"]
            + ["--user-data-dir=\(scratch.file("profile").path)"] + arguments
        let files = ["out", "err"].map(scratch.file)
        for file in files { try Data().write(to: file) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        return (
            String(decoding: try Data(contentsOf: files[0]), as: UTF8.self),
            String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
        )
    }

    /// A folder for a call of the browser.
    private final class Scratch {
        private let folder: URL

        init() throws {
            folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("understudy-browser-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        }

        func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

        func address(_ name: String) -> String { file(name).absoluteString }

        deinit { try? FileManager.default.removeItem(at: folder) }
    }
}
