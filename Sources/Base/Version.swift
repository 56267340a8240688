/// The package's version, as manifests and weight files record it.
package let version = "0.1.0"
