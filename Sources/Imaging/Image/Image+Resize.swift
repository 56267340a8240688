import Base

extension Image {
    /// Resizes with antialiasing, to the same bytes as Pillow's `Image.resize`.
    ///
    /// - Throws: `ImageError` for want of memory.
    package func resized(
        width: Int, height: Int, interpolation: Interpolation
    ) throws(ImageError) -> Image {
        guard SystemMemory.canAllocate(width * height * 3) else {
            throw .noMemory(width * height * 3)
        }
        let resampler = Resampler()
        resampler.prepare(
            from: (self.width, self.height), to: (width, height), interpolation: interpolation)
        var failure: ImageError?
        let image = withPixels { source in
            Image(width: width, height: height) { target in
                do throws(ImageError) {
                    try resampler.resample(source, mirrored: false, into: target)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return image
    }
}
