import ArgumentParser
import Distillation
import Imaging
import Recipes
import Torch

// Types of the libraries that options take by name.

extension Interpolation: ExpressibleByArgument {}

extension Recipe.Precision: ExpressibleByArgument {}

extension ResponseFamily: ExpressibleByArgument {}

extension Device: ExpressibleByArgument {
    /// Reads `cpu`, `cuda` or `cuda:N`.
    package init?(argument: String) {
        guard let device = try? Device(parsing: argument) else { return nil }
        self = device
    }
}
