import FleetCore
import FleetProtocol
import Foundation
import Testing

/// A folder of a test's own, removed with the value.
final class TemporaryFolder: Sendable {
  let url: URL

  var path: String { url.path }

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-test-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// All files below the folder, as paths relative to it, sorted.
  func files() -> [String] {
    let found = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return found.filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(
        atPath: url.appending(path: name).path, isDirectory: &isFolder) && !isFolder.boolValue
    }.sorted()
  }
}

/// A small seeded generator, so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number whose extremes come up often.
  mutating func wide() -> UInt64 {
    switch UInt8.random(in: 0..<4, using: &self) {
    case 0: 0
    case 1: .max
    default: next()
    }
  }

  mutating func narrow() -> UInt32 { UInt32(truncatingIfNeeded: wide()) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }

  mutating func digest() -> ContentDigest {
    guard let digest = ContentDigest(bytes(32)) else { preconditionFailure("32 bytes") }
    return digest
  }

  /// Text as a peer might send it: with quotes, NUL and letters outside ASCII.
  mutating func text() -> String {
    ["", "plain", "it's \"quoted\"", "a\0b", "Grüße 🧠", "%s; DROP TABLE node"]
      .randomElement(using: &self) ?? ""
  }

  mutating func generation() -> Generation { Generation(epoch: wide(), number: wide()) }

  mutating func instant() -> FleetCore.Instant {
    FleetCore.Instant(microseconds: Int64(bitPattern: wide()))
  }
}

/// An identifier that is known to be one.
func name(_ text: String) -> Identifier {
  guard let name = Identifier(text) else { preconditionFailure("\(text) is no identifier") }
  return name
}

/// A digest of 32 equal bytes.
func digest(_ byte: UInt8) -> ContentDigest {
  guard let digest = ContentDigest([UInt8](repeating: byte, count: 32)) else {
    preconditionFailure("32 bytes")
  }
  return digest
}

let boot = [UInt8](repeating: 0xB0, count: 16)

/// A telemetry window with the counters that most tests look at.
func window(
  _ sequence: UInt64, inferences: UInt64 = 0, counts: [UInt64] = [], price: ContentDigest? = nil,
  at: UInt64 = 0
) -> WireTelemetryWindow {
  var window = WireTelemetryWindow()
  window.sequence = sequence
  window.atUs = at
  window.inferences = inferences
  window.inferenceCounts = counts
  if let price { window.priceDigest = wireBytes(price.bytes) }
  return window
}
