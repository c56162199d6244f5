package import SpikingNetwork

/// Why a network could not be trained or evaluated.
package enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The description is unsound, or holds what this trainer cannot train.
  case network(NetworkError)
  /// A setting is out of range.
  case setting(field: String, found: String, expected: String)
  /// The samples do not fit the network.
  case samples(found: String, expected: String, cure: String)
  /// The loss is no longer a finite number.
  case diverged(epoch: Int, learningRate: Double)

  package var description: String {
    switch self {
    case .network(let error):
      error.description
    case .setting(let field, let found, let expected):
      "training settings: \(field) is \(found), expected \(expected); set it within this range"
    case .samples(let found, let expected, let cure):
      "training samples: found \(found), expected \(expected); \(cure)"
    case .diverged(let epoch, let learningRate):
      "training: the loss is not finite in epoch \(epoch), expected a number; train with a "
        + "learning rate below \(learningRate)"
    }
  }
}

extension TrainingError {
  /// Throws if samples do not fit a network of so many channels and classes.
  static func check(
    _ samples: LabelledSamples, channels: Int, classes: Int
  ) throws(TrainingError) {
    guard !samples.isEmpty else {
      throw .samples(
        found: "none", expected: "at least one", cure: "check which part of the data was asked for")
    }
    guard samples.channels == channels else {
      throw .samples(
        found: "\(samples.channels) channels", expected: "\(channels), the network's input",
        cure: "make the input population as large as a sample")
    }
    if let position = samples.labels.firstIndex(where: { $0 >= classes }) {
      throw .samples(
        found: "label \(samples.labels[position]) at position \(position)",
        expected: "0 to \(classes - 1), the network's classes",
        cure: "give the output population one neuron for each class")
    }
  }
}
