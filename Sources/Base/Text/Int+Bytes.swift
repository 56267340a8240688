import Foundation

extension Int {
    /// The number as bytes in decimal units: `1.56 TB`.
    package var byteText: String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        var value = Double(self)
        var unit = 0
        while value >= 1000 && unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0
            ? "\(self) B" : String(format: value < 10 ? "%.2f %@" : "%.1f %@", value, units[unit])
    }
}
