import Federation
package import FleetCore

/// Central differential privacy as an operator writes it, in the terms of the field.
package struct JobPrivacy: Codable, Sendable, Equatable {
  /// Standard deviation of the noise over the clipping norm, above 0.
  package var noiseMultiplier: Double?
  /// The norm that every update is cut to, in steps of 16-bit weights.
  package var clip: UInt32?
  /// The chance that the bound does not hold.
  package var delta: Double?
  /// Epsilon that the job may spend at most.
  package var epsilonMax: Double?

  /// Privacy about which nothing is said yet.
  package init() {}

  /// Whether nothing is said.
  package var isEmpty: Bool { self == JobPrivacy() }

  /// What a job holds to; throws with the key that is missing or without a meaning.
  package func terms() throws(ConfigurationError) -> PrivacyTerms {
    let noise = try given(noiseMultiplier, "noiseMultiplier", "0.001 to 1000") {
      (0.001...1_000).contains($0)
    }
    let clip = try given(clip, "clip", "steps of 16-bit weights, 1 or more") { $0 >= 1 }
    let delta = try given(delta, "delta", "above 0 and below 1") { $0 > 0 && $0 < 1 }
    let limit = try given(epsilonMax, "epsilonMax", "above 0") { $0 > 0 && $0.isFinite }
    return PrivacyTerms(
      noiseMilli: UInt32((noise * 1_000).rounded()), clip: clip, delta: delta, epsilonMax: limit)
  }

  private func given<Value>(
    _ value: Value?, _ key: String, _ expected: String, _ holds: (Value) -> Bool
  ) throws(ConfigurationError) -> Value {
    guard let value, holds(value) else {
      throw ConfigurationError(
        file: "job", key: "privacy.\(key)", found: value.map { "\($0)" } ?? "nothing",
        expected: expected, cure: "set it in the job file or by its flag")
    }
    return value
  }
}
