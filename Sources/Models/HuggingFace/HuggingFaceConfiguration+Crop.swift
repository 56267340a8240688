extension HuggingFaceConfiguration {
    /// The length to which the short side of images is resized, out of which a square is cropped that
    /// is `crop_pct` of it; rounded down, as timm and transformers do.
    ///
    /// - Parameters:
    ///   - size: the side of the square, pixels.
    ///   - standard: what stands for a `crop_pct` that is absent.
    func resizedSide(of size: Int, standard: Double) throws(HuggingFaceProblem) -> Int {
        let share = try number("crop_pct", standard)
        guard share > 0, share <= 1 else {
            throw HuggingFaceProblem("'crop_pct' is \(share), not above 0 and at most 1")
        }
        guard let side = Int(exactly: (Double(size) / share).rounded(.down)) else {
            throw HuggingFaceProblem("'crop_pct' is \(share), of images of \(size) pixels")
        }
        return side
    }
}
