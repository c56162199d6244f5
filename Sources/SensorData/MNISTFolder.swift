import Foundation
import SpikingNetwork

/// The complete MNIST training set in a folder, as its authors published it.
struct MNISTFolder {
  /// SHA-256 of the inflated files.
  static let files = [
    (
      "train-images-idx3-ubyte",
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    (
      "train-labels-idx1-ubyte",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
  ]

  let path: String

  /// The first 500 digits of each class.
  func digits() throws(SensorDataError) -> LabelledSamples {
    var arrays: [IDXArray] = []
    for (name, digest) in Self.files {
      let file = try locate(name)
      let content = try InflatedFile.read(file)
      try SHA256Hex.check(
        content, is: digest, place: file,
        cure: "download MNIST again, or unset \(DigitCorpus.folderVariable)")
      arrays.append(try IDXArray(reading: content, file: file))
    }
    let whole = try IDXSamples.join(
      images: arrays[0], labels: arrays[1],
      files: (images: Self.files[0].0, labels: Self.files[1].0, ids: ""))
    var positions = [[Int]](repeating: [], count: DigitCorpus.classes)
    for (position, label) in whole.labels.enumerated()
    where positions[Int(label)].count < DigitCorpus.perClass {
      positions[Int(label)].append(position)
    }
    let chosen = whole.selecting(positions.flatMap { $0 })
    let samples = LabelledSamples(
      channels: chosen.channels, intensities: chosen.intensities, labels: chosen.labels,
      ids: (0..<UInt64(chosen.count)).map { $0 })
    try DigitCache.check(samples, place: path)
    return samples
  }

  private func locate(_ name: String) throws(SensorDataError) -> String {
    for file in [name, name + ".gz"].map({ path + "/" + $0 })
    where FileManager.default.fileExists(atPath: file) {
      return file
    }
    throw SensorDataError(
      .unreadable, place: path, field: name, found: "not there, nor with .gz",
      expected: "MNIST's training files",
      cure: "point \(DigitCorpus.folderVariable) at a folder that holds them, or unset it")
  }
}
