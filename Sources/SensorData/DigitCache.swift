import Foundation
import SpikingNetwork

/// The 5,000 digits as two IDX files in a folder of the user's.
///
/// Each file appears whole or not at all, and both are checked by digest when they are read, so two
/// writers at once do no harm.
struct DigitCache {
  private static let imagesName = "digits-5000-images.idx"
  private static let labelsName = "digits-5000-labels.idx"
  private static let imagesDigest =
    "a4a9358b9ba319305e7cd69b2c7410e463401e152d7e9e60189b94a3f159d012"
  private static let labelsDigest =
    "704256e87519240fd1d7ecdf681fe209864691e252c6642aeadc21f3c4d44b41"

  let folder: String

  private var imagesPath: String { folder + "/" + Self.imagesName }
  private var labelsPath: String { folder + "/" + Self.labelsName }

  var exists: Bool {
    [imagesPath, labelsPath].allSatisfy { FileManager.default.fileExists(atPath: $0) }
  }

  func read() throws(SensorDataError) -> LabelledSamples {
    var arrays: [IDXArray] = []
    for (path, digest) in [
      (imagesPath, Self.imagesDigest), (labelsPath, Self.labelsDigest),
    ] {
      let content = try InflatedFile.read(path)
      try SHA256Hex.check(content, is: digest, place: path, cure: "remove the file")
      arrays.append(try IDXArray(reading: content, file: path))
    }
    return try IDXSamples.join(
      images: arrays[0], labels: arrays[1],
      files: (images: imagesPath, labels: labelsPath, ids: ""))
  }

  func write(_ samples: LabelledSamples) throws(SensorDataError) {
    let (images, labels) = Self.encode(samples)
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      try Data(images).write(to: URL(fileURLWithPath: imagesPath), options: .atomic)
      try Data(labels).write(to: URL(fileURLWithPath: labelsPath), options: .atomic)
    } catch {
      throw SensorDataError(
        .unwritable, place: folder, field: "cache", found: "\(error.localizedDescription)",
        expected: "a folder with room for 4 MB", cure: "set XDG_CACHE_HOME to another folder")
    }
  }

  /// Throws unless these are the 5,000 digits, in their order.
  static func check(_ samples: LabelledSamples, place: String) throws(SensorDataError) {
    guard samples.channels == DigitCSV.channels else {
      throw SensorDataError(
        .otherContent, place: place, field: "channels", found: "\(samples.channels)",
        expected: "\(DigitCSV.channels)", cure: "use MNIST's own files")
    }
    let (images, labels) = encode(samples)
    for (bytes, digest) in [(images, imagesDigest), (labels, labelsDigest)] {
      try SHA256Hex.check(
        bytes, is: digest, place: place, cure: "use MNIST's own files; these are other digits")
    }
  }

  private static func encode(
    _ samples: LabelledSamples
  ) -> (images: [UInt8], labels: [UInt8]) {
    let images = IDXArray(
      elementType: .unsigned8, dimensions: [samples.count, 28, 28], payload: samples.intensities)
    let labels = IDXArray(
      elementType: .unsigned8, dimensions: [samples.count], payload: samples.labels)
    return (images.encoded, labels.encoded)
  }
}
