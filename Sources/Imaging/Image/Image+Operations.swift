extension Image {
    /// Performs one operation on the image.
    ///
    /// Factors and distances must be finite; `posterize` takes 0 to 8 bits.
    ///
    /// - Parameter fill: The colour of what a geometric operation takes from outside.
    package mutating func apply(_ operation: PixelOperation, fill: Colour) {
        withCanvas(fill: fill) { operation.apply(to: $0) }
    }

    /// Lends the image's pixels, with scratch memory, to operations that work in place.
    private mutating func withCanvas<R>(fill: Colour, _ body: (Canvas) -> R) -> R {
        let (width, height) = (width, height)
        return withMutablePixels { pixels in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width * height * 3) { scratch in
                guard let scratch = scratch.baseAddress else { preconditionFailure("no pixels") }
                return body(
                    Canvas(
                        width: width, height: height, pixels: pixels, scratch: scratch, fill: fill))
            }
        }
    }
}
