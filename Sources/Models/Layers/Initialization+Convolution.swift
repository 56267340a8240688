import Torch

extension Initialization {
    /// How the weights of a square convolution are drawn.
    func convolution(in input: Int, out output: Int, kernel: Int, groups: Int = 1) -> Initializer {
        let area = Double(kernel * kernel)
        return switch self {
        case .pytorch: .uniform(bound: 1 / (Double(input / groups) * area).squareRoot())
        case .torchvision, .timm: .normal(std: (2 / (Double(output) * area)).squareRoot())
        }
    }
}
