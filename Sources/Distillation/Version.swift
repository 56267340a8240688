/// The package's version, as manifests and weight files record it.
public let version = "0.1.0"
