extension HuggingFaceConfiguration {
    /// Refuses an epsilon of layer norms with which a network would answer otherwise than here.
    ///
    /// The authors trained with 1e-6, which is computed with here. Most files have transformers' own
    /// standard instead, 1e-12, which makes no difference beside the variances of activations.
    func requireNormEpsilon() throws(HuggingFaceProblem) {
        let epsilon = try number("layer_norm_eps", 1e-12)
        guard epsilon == 1e-12 || epsilon == 1e-6 else {
            throw HuggingFaceProblem("'layer_norm_eps' is \(epsilon); known: 1e-12 and 1e-06")
        }
    }
}
