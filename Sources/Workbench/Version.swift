/// The version of every program of this package.
package enum Version {
  /// Semantic version.
  package static let text = "0.1.0"
}
