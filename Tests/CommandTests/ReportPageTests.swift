import Foundation
import Imaging
import Testing

@Suite("A report in a browser", .serialized, .enabled(if: Browser.isThere, Browser.absence))
struct ReportPageTests {
    /// Widths of a window and of a phone, in pixels.
    private static let widths = [1200, 390]

    @Test("has its figures and pictures, complains of nothing and fits a desk and a phone")
    func report() throws {
        let folder = try Folder.prepared()
        // A name with no place to break it.
        let long = "labels-" + String(repeating: "x", count: 80)
        let trained = try Program.run(
            [
                "train", "--recipe", "base.yaml", "--out", long, "--workers", "1", "--set",
                "schedule.epochs=2", "--set", "name=\(long)",
            ], in: folder)
        try #require(trained.status == 0, "\(trained.errors)")
        let outcome = try Program.run(
            [
                "report", "teacher", long, "--cache", "cache", "--out", "report.html",
                "--workers", "1",
            ], in: folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let path = "\(folder.path)/report.html"
        let text = String(decoding: try folder.data("report.html"), as: UTF8.self)

        for width in Self.widths {
            let (page, complaints) = try Browser.layout(of: path, width: width)
            #expect(complaints.isEmpty, "\(complaints)")
            #expect(page.width == Double(width))
            #expect(page.needed <= page.width, "\(page.needed) px in a width of \(width)")
            #expect(page.figures.count == text.ranges(of: "<svg").count)
            #expect(page.figures.count >= 8)
            for figure in page.figures {
                #expect(figure.left >= 0 && figure.right <= page.width, "\(figure)")
                #expect(figure.right - figure.left > 250 && figure.bottom - figure.top > 80)
            }
            #expect(!page.images.isEmpty && page.images.allSatisfy { $0 > 0 }, "\(page.images)")
        }

        let width = Self.widths[0]
        let page = try Browser.layout(of: path, width: width).page
        let picture = try Browser.picture(of: path, width: width, height: Int(page.height))
        for figure in page.figures {
            let colored = Self.coloredPixels(
                of: picture.cropped(
                    to: PixelRect(
                        x: Int(figure.left), y: Int(figure.top),
                        width: Int(figure.right - figure.left),
                        height: Int(figure.bottom - figure.top))))
            // A dot of the smallest radius is some forty pixels.
            #expect(colored > 40, "\(figure)")
        }
    }

    /// How many pixels are of a color: neither paper nor ink nor a grid's gray.
    private static func coloredPixels(of image: Image) -> Int {
        stride(from: 0, to: image.pixels.count, by: 3).count { index in
            let pixel = image.pixels[index..<index + 3]
            return (pixel.max() ?? 0) - (pixel.min() ?? 0) > 80
        }
    }

    @Test("what is wrong with a page is seen: too wide, a script's error, a picture that is none")
    func faults() throws {
        let folder = try Folder()
        let page = """
            <!DOCTYPE html>
            <html><body>
            <p style="width: 700px">wide</p>
            <svg viewBox="0 0 10 10" width="100" height="80"><circle r="3" fill="red"/></svg>
            <img src="data:image/png;base64,AAAA"/>
            <script>missing();</script>
            </body></html>
            """
        try folder.write("page.html", Data(page.utf8))
        let path = "\(folder.path)/page.html"
        let (narrow, complaints) = try Browser.layout(of: path, width: 390)
        #expect(narrow.width == 390 && narrow.needed > 700)
        #expect(narrow.images == [0] && narrow.figures.count == 1)
        #expect(complaints.count == 1 && complaints[0].contains("missing is not defined"))
        let wide = try Browser.layout(of: path, width: 1200).page
        #expect(wide.needed == 1200)
        let figure = try #require(wide.figures.first)
        let picture = try Browser.picture(of: path, width: 1200, height: Int(wide.height))
        let box = PixelRect(x: Int(figure.left), y: Int(figure.top), width: 100, height: 80)
        #expect(Self.coloredPixels(of: picture.cropped(to: box)) > 40)
        let beside = PixelRect(x: 400, y: Int(figure.top), width: 100, height: 80)
        #expect(Self.coloredPixels(of: picture.cropped(to: beside)) == 0)
    }
}
