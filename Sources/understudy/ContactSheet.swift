import Imaging

/// A picture of views: a column for each, with the original and its crop, the view, the mixed image
/// and captions.
struct ContactSheet {
    private static let margin = 8
    private static let lineHeight = 10
    private static let captionLines = 6
    private static let columnsPerRow = 8
    private static let ink: (UInt8, UInt8, UInt8) = (32, 32, 32)
    private static let paper: (UInt8, UInt8, UInt8) = (255, 255, 255)
    private static let frame: (UInt8, UInt8, UInt8) = (230, 40, 40)

    private let cell: Int
    private var columns: [Image] = []

    /// Makes an empty sheet whose pictures are at most `cell` pixels wide and high.
    init(cell: Int, columns: Int) {
        self.cell = cell
        self.columns.reserveCapacity(columns)
    }

    /// Adds a column.
    mutating func add(
        original: Image, crop: PixelRect, view: Image, mixed: Image, captions: [String]
    ) {
        let pictures = [
            Self.fitted(Self.framed(original, crop), cell), Self.fitted(view, cell),
            Self.fitted(mixed, cell),
        ]
        let titles = ["original", "view", "mixed"]
        let block = cell + Self.lineHeight + Self.margin
        var column = Image(
            width: cell, height: 3 * block + Self.captionLines * Self.lineHeight,
            fill: Self.paper)
        for (row, picture) in pictures.enumerated() {
            column.draw(text: titles[row], x: 0, y: row * block, scale: 1, colour: Self.ink)
            column.paste(
                picture, x: (cell - picture.width) / 2,
                y: row * block + Self.lineHeight + (cell - picture.height) / 2)
        }
        let width = cell / 6
        for (line, caption) in captions.prefix(Self.captionLines).enumerated() {
            column.draw(
                text: String(caption.prefix(width)), x: 0, y: 3 * block + line * Self.lineHeight,
                scale: 1, colour: Self.ink)
        }
        columns.append(column)
    }

    /// The sheet so far.
    func image() -> Image {
        let across = min(columns.count, Self.columnsPerRow)
        let down = (columns.count + across - 1) / max(across, 1)
        let height = (columns.first?.height ?? 0) + Self.margin
        var sheet = Image(
            width: Self.margin + across * (cell + Self.margin),
            height: Self.margin + down * height, fill: Self.paper)
        for (index, column) in columns.enumerated() {
            sheet.paste(
                column, x: Self.margin + index % across * (cell + Self.margin),
                y: Self.margin + index / across * height)
        }
        return sheet
    }

    /// The image scaled so that its longer side is `side`.
    private static func fitted(_ image: Image, _ side: Int) -> Image {
        let long = max(image.width, image.height)
        return image.resized(
            width: max(1, image.width * side / long), height: max(1, image.height * side / long),
            interpolation: .bilinear)
    }

    /// The image with a rectangle drawn on it, about one hundredth of its size thick.
    private static func framed(_ image: Image, _ rect: PixelRect) -> Image {
        var result = image
        let line = max(1, max(image.width, image.height) / 100)
        let horizontal = Image(width: rect.width, height: min(line, rect.height), fill: frame)
        let vertical = Image(width: min(line, rect.width), height: rect.height, fill: frame)
        result.paste(horizontal, x: rect.x, y: rect.y)
        result.paste(horizontal, x: rect.x, y: rect.y + rect.height - horizontal.height)
        result.paste(vertical, x: rect.x, y: rect.y)
        result.paste(vertical, x: rect.x + rect.width - vertical.width, y: rect.y)
        return result
    }
}
