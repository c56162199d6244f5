import ArgumentParser
import Workbench

/// What flags say of a job's differential privacy.
struct PrivacyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Noise on each sum over the clipping norm, for differential privacy of nodes; needs "
        + "--privacy-clip, --privacy-delta, --privacy-epsilon-max and uniform weighting.",
      valueName: "multiplier"))
  var privacyNoise: Double?

  @Option(help: ArgumentHelp("Norm that updates are cut to, in steps of w16.", valueName: "steps"))
  var privacyClip: UInt32?

  @Option(help: "Chance that the privacy bound does not hold, at most one in as many as nodes.")
  var privacyDelta: Double?

  @Option(
    help: ArgumentHelp("No round begins that would spend more than this.", valueName: "epsilon"))
  var privacyEpsilonMax: Double?

  /// What file and flags say together; nil where neither says anything.
  func over(_ file: JobPrivacy?) -> JobPrivacy? {
    var privacy = file ?? JobPrivacy()
    privacy.noiseMultiplier = privacyNoise ?? privacy.noiseMultiplier
    privacy.clip = privacyClip ?? privacy.clip
    privacy.delta = privacyDelta ?? privacy.delta
    privacy.epsilonMax = privacyEpsilonMax ?? privacy.epsilonMax
    return file == nil && privacy.isEmpty ? nil : privacy
  }
}
