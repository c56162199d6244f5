import Foundation
package import SpikingNetwork

/// Labelled samples of a folder: those to train and calibrate with, and those to judge by.
///
/// Either a sensor stream, as `SampleFolder` reads it, which has no part to judge by; or a data set
/// in the four files that MNIST's authors published, and others after them, plain or with `.gz`.
package struct SampleParts: Sendable, Equatable {
  /// Samples to train and calibrate with.
  package var training: LabelledSamples
  /// Samples that training never sees; nil where the folder does not set any apart.
  package var test: LabelledSamples?

  /// Files of a data set by part: images, labels.
  private static let names = [
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
  ]

  /// Reads a folder of either kind; throws for what is missing or damaged, or without samples.
  ///
  /// In a data set a sample's id is its position, counted on from the training part to the test
  /// part, so that no two get the same input spikes by chance.
  package static func read(_ path: String) throws(SensorDataError) -> SampleParts {
    guard found(names[0].0, in: path) != nil else {
      guard FileManager.default.fileExists(atPath: path + "/images.idx") else {
        throw SensorDataError(
          .unreadable, place: path, field: "folder",
          found: "without images.idx and without \(names[0].0)",
          expected: "a sensor's stream, or a data set in MNIST's files",
          cure: "name a folder of either kind")
      }
      return SampleParts(training: try SampleFolder.read(path), test: nil)
    }
    let training = try part(names[0], of: path, firstID: 0)
    guard found(names[1].0, in: path) != nil else {
      return SampleParts(training: training, test: nil)
    }
    return SampleParts(
      training: training, test: try part(names[1], of: path, firstID: training.count))
  }

  private static func part(
    _ names: (images: String, labels: String), of path: String, firstID: Int
  ) throws(SensorDataError) -> LabelledSamples {
    let images = found(names.images, in: path) ?? path + "/" + names.images
    let labels = found(names.labels, in: path) ?? path + "/" + names.labels
    let samples = try IDXSamples.join(
      images: try IDXArray(reading: try InflatedFile.read(images), file: images),
      labels: try IDXArray(reading: try InflatedFile.read(labels), file: labels),
      files: (images: images, labels: labels, ids: ""))
    guard !samples.isEmpty else {
      throw SensorDataError(
        .malformed, place: images, field: "samples", found: "none", expected: "at least one",
        cure: "download the data set again")
    }
    return LabelledSamples(
      channels: samples.channels, intensities: samples.intensities, labels: samples.labels,
      ids: (0..<samples.count).map { UInt64(firstID + $0) })
  }

  private static func found(_ name: String, in path: String) -> String? {
    [name, name + ".gz"].map { path + "/" + $0 }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}

extension LabelledSamples {
  /// So large a share of them set apart, drawn by the seed; both parts keep their order.
  package func settingApart(_ share: Double, seed: UInt64) -> (rest: Self, apart: Self) {
    let stream = CounterRandom(seed: seed, purpose: .training).stream(Self.apartStream)
    let order = CounterRandom.permutation(of: count, stream: stream)
    let taken = min(count, max(0, Int((share * Double(count)).rounded())))
    return (selecting(order.dropFirst(taken).sorted()), selecting(order.prefix(taken).sorted()))
  }

  /// Keeps these draws apart from others with the same seed.
  private static let apartStream: UInt64 = 12

  /// So many of them, evenly spread over all, so that data sorted by class gives every class; all
  /// where there are no more.
  package func spread(_ number: Int) -> LabelledSamples {
    guard number < count else { return self }
    return selecting((0..<number).map { $0 * count / number })
  }
}
