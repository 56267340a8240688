// Operations that replace each value by way of a table.
// Source: Pillow 13, ImageOps.py; solarizeAdd: timm, auto_augment.py.

extension Image {
    /// Replaces every value; `value` maps 0...255 to 0...255.
    mutating func map(_ value: (Int) -> Int) {
        var table = [UInt8](repeating: 0, count: 256)
        for input in 0..<256 { table[input] = UInt8(value(input)) }
        map(tables: table + table + table)
    }

    /// Replaces every value through one table of 256 to a channel, red first.
    mutating func map(tables: [UInt8]) {
        precondition(tables.count == 768, "three tables of 256")
        let area = width * height
        tables.withUnsafeBufferPointer { tables in
            guard let red = tables.baseAddress else { return }
            let green = red + 256
            let blue = red + 512
            withMutablePixels { pixels in
                var pixel = pixels
                for _ in 0..<area {
                    pixel[0] = red[Int(pixel[0])]
                    pixel[1] = green[Int(pixel[1])]
                    pixel[2] = blue[Int(pixel[2])]
                    pixel += 3
                }
            }
        }
    }

    /// How often each value occurs: 256 counts to a channel, red first.
    func histogram() -> [Int] {
        var counts = [Int](repeating: 0, count: 768)
        counts.withUnsafeMutableBufferPointer { counts in
            guard let red = counts.baseAddress else { return }
            let green = red + 256
            let blue = red + 512
            withPixels { pixels in
                var pixel = pixels
                for _ in 0..<width &* height {
                    red[Int(pixel[0])] &+= 1
                    green[Int(pixel[1])] &+= 1
                    blue[Int(pixel[2])] &+= 1
                    pixel += 3
                }
            }
        }
        return counts
    }

    mutating func posterize(bits: Int) {
        precondition((0...8).contains(bits), "cannot posterize to \(bits) bits")
        let mask = ~((1 << (8 - bits)) - 1)
        map { $0 & mask }
    }

    mutating func autoContrast() {
        let counts = histogram()
        var tables = [UInt8](repeating: 0, count: 768)
        for channel in stride(from: 0, to: 768, by: 256) {
            let used = (0..<256).filter { counts[channel + $0] > 0 }
            let low = used.first ?? 0
            let high = used.last ?? 0
            guard high > low else {
                for value in 0..<256 { tables[channel + value] = UInt8(value) }
                continue
            }
            let scale = 255 / Double(high - low)
            let offset = Double(-low) * scale
            for value in 0..<256 {
                let stretched = Double(value) * scale + offset
                tables[channel + value] = UInt8(min(max(Int(stretched), 0), 255))
            }
        }
        map(tables: tables)
    }

    mutating func equalize() {
        let counts = histogram()
        var tables = [UInt8](repeating: 0, count: 768)
        for channel in stride(from: 0, to: 768, by: 256) {
            let used = (0..<256).filter { counts[channel + $0] > 0 }
            let brightest = counts[channel + (used.last ?? 0)]
            let step = (width * height - brightest) / 255
            guard used.count > 1 && step > 0 else {
                for value in 0..<256 { tables[channel + value] = UInt8(value) }
                continue
            }
            var sum = step / 2
            for value in 0..<256 {
                tables[channel + value] = UInt8(min(sum / step, 255))
                sum += counts[channel + value]
            }
        }
        map(tables: tables)
    }
}
