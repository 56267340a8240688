import Base

/// A picture of pictures: rows with titles, of columns with captions.
package struct ContactSheet {
    /// One picture of a row.
    package struct Stage {
        let image: Image
        /// What is said below it.
        let caption: String
        /// A second, fainter line.
        let detail: String
        /// A rectangle of the image to outline.
        let frame: PixelRect?

        package init(
            _ image: Image, _ caption: String, _ detail: String = "",
            frame: PixelRect? = nil
        ) {
            self.image = image
            self.caption = caption
            self.detail = detail
            self.frame = frame
        }
    }

    private typealias Color = (UInt8, UInt8, UInt8)
    private static let ink: Color = (24, 24, 28)
    private static let faint: Color = (110, 112, 120)
    private static let rule: Color = (205, 207, 212)
    private static let paper: Color = (255, 255, 255)
    private static let outline: Color = (235, 40, 40)

    private let cell: Int
    private let titles: [String]
    private var rows: [Image] = []

    /// Pixels to a dot of the face; captions of 16 characters fit below every picture.
    private var scale: Int { max(1, cell / 96) }
    private var line: Int { 10 * scale }
    private var margin: Int { 8 * scale }
    private var width: Int { margin + titles.count * (cell + margin) }
    private var rowHeight: Int { line + margin + cell + margin / 2 + 2 * line + margin }

    /// Makes an empty sheet.
    ///
    /// - Parameters:
    ///   - cell: The side that pictures are fitted into, pixels.
    ///   - titles: What the columns show.
    package init(cell: Int, titles: [String]) {
        self.cell = cell
        self.titles = titles
    }

    /// Refuses a sheet of so many rows that there is no memory for it.
    package func checkMemory(rows: Int) throws(ImageError) {
        let height = margin + line + rows * rowHeight
        // The rows, and the sheet that is put together of them.
        guard SystemMemory.canAllocate(2 * width * height * 3) else {
            throw ImageError(
                "no memory for a sheet of \(width)x\(height) pixels", cause: .memory)
        }
    }

    /// Adds a row; a stage that is nil leaves its place empty.
    ///
    /// - Throws: `ImageError` for a picture that there is no memory for.
    package mutating func add(
        title: String, _ stages: [Stage?]
    ) throws(ImageError) {
        let top = line + margin
        var row = Image(width: width, height: rowHeight, fill: Self.paper)
        row.paste(Image(width: width - 2 * margin, height: 1, fill: Self.rule), x: margin, y: 0)
        write(title, on: &row, x: margin, y: margin, room: width - 2 * margin, Self.ink)
        for (column, stage) in stages.enumerated() {
            guard let stage else { continue }
            let x = margin + column * (cell + margin)
            let (picture, place) = try fitted(stage)
            row.paste(picture, x: x + place.x, y: top + margin / 2 + place.y)
            let below = top + cell + margin / 2 + margin / 2
            write(stage.caption, on: &row, x: x, y: below, room: cell, Self.ink)
            write(stage.detail, on: &row, x: x, y: below + line, room: cell, Self.faint)
        }
        rows.append(row)
    }

    /// The most rows that a PNG has room for, which is a million pixels high at most.
    package static func mostRows(cell: Int) -> Int {
        let sheet = ContactSheet(cell: cell, titles: [])
        return (1_000_000 - sheet.margin - sheet.line) / sheet.rowHeight
    }

    /// The sheet so far.
    package func image() -> Image {
        let head = margin + line
        var sheet = Image(
            width: width, height: head + rows.count * rowHeight, fill: Self.paper)
        for (column, title) in titles.enumerated() {
            let x = margin + column * (cell + margin)
            write(title, on: &sheet, x: x, y: margin, room: cell, Self.faint)
        }
        var y = head
        for row in rows {
            sheet.paste(row, x: 0, y: y)
            y += row.height
        }
        return sheet
    }

    /// Writes as much of a line as there is room for; two dots stand for the rest.
    private func write(
        _ text: String, on image: inout Image, x: Int, y: Int, room: Int, _ color: Color
    ) {
        // The last character needs no gap behind it.
        let count = (room + scale) / Image.width(ofText: "x", scale: scale)
        let shown = text.count <= count ? text : String(text.prefix(count - 2)) + ".."
        image.draw(text: shown, x: x, y: y, scale: scale, color: color)
    }

    /// The picture at the cell's size with its outline, and where in the cell it lies.
    private func fitted(
        _ stage: Stage
    ) throws(ImageError) -> (Image, (x: Int, y: Int)) {
        let image = stage.image
        let long = max(image.width, image.height)
        var picture: Image
        if long * 2 <= cell {
            // Small views keep their pixels visible.
            picture = image.enlarged(by: cell / long)
        } else {
            picture = try image.resized(
                width: max(1, (image.width * cell + long / 2) / long),
                height: max(1, (image.height * cell + long / 2) / long), interpolation: .bilinear)
        }
        if let frame = stage.frame {
            func place(_ value: Int, _ side: Int, _ from: Int) -> Int {
                (value * side + from / 2) / from
            }
            let (x, y) = (
                place(frame.x, picture.width, image.width),
                place(frame.y, picture.height, image.height)
            )
            let right = place(frame.x + frame.width, picture.width, image.width)
            let bottom = place(frame.y + frame.height, picture.height, image.height)
            let rect = PixelRect(x: x, y: y, width: right - x, height: bottom - y)
            picture.outline(rect, inset: 0, thickness: scale, Self.outline)
            // A light line inside, so that red on red is seen.
            picture.outline(rect, inset: scale, thickness: scale, Self.paper)
        }
        return (picture, ((cell - picture.width) / 2, (cell - picture.height) / 2))
    }
}

extension Image {
    /// Every pixel as a square of `factor` by `factor`.
    fileprivate func enlarged(by factor: Int) -> Image {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * factor * factor * 3)
        for y in 0..<height * factor {
            for x in 0..<width * factor {
                let start = (y / factor * width + x / factor) * 3
                pixels += self.pixels[start..<start + 3]
            }
        }
        return Image(width: width * factor, height: height * factor, pixels: pixels)
    }

    /// Draws a rectangle's border, inside of it.
    fileprivate mutating func outline(
        _ rect: PixelRect, inset: Int, thickness: Int, _ color: (UInt8, UInt8, UInt8)
    ) {
        let (x, y) = (rect.x + inset, rect.y + inset)
        let (width, height) = (rect.width - 2 * inset, rect.height - 2 * inset)
        guard width > 2 * thickness, height > 2 * thickness else { return }
        let horizontal = Image(width: width, height: thickness, fill: color)
        let vertical = Image(width: thickness, height: height, fill: color)
        paste(horizontal, x: x, y: y)
        paste(horizontal, x: x, y: y + height - thickness)
        paste(vertical, x: x, y: y)
        paste(vertical, x: x + width - thickness, y: y)
    }
}

// MARK: - Files

extension ContactSheet {
    /// What a sheet's file says of its origin.
    private static let software = "Understudy contact sheet"

    /// The bytes of a sheet's file.
    package static func png(_ sheet: Image) throws(ImageError) -> [UInt8] {
        try ImageEncoder.png(sheet, software: software)
    }

    /// Whether a file begins as a sheet does: the text stands before the pixels.
    package static func isWritten(in head: [UInt8]) -> Bool {
        head.starts(with: [0x89] + Array("PNG".utf8))
            && head.firstRange(of: Array("tEXtSoftware\0\(software)".utf8)) != nil
    }
}
