import Foundation
import SensorData
import Testing

@Suite struct InflatedFileTests {
  private let folder: TemporaryFolder
  /// `gzip -9n` of the 12 bytes `spike spike\n`.
  private let compressed: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0x2e, 0xc8, 0xcc, 0x4e, 0x55,
    0x28, 0x06, 0x91, 0x5c, 0x00, 0x0c, 0x15, 0xc6, 0xfc, 0x0c, 0x00, 0x00, 0x00,
  ]
  private let content = Array("spike spike\n".utf8)

  init() throws { folder = try TemporaryFolder() }

  @Test func `gzip is inflated and plain bytes pass`() throws {
    try folder.write(compressed, to: "a.gz")
    try folder.write(content, to: "a")
    try folder.write([], to: "empty")
    #expect(try InflatedFile.read(folder.path("a.gz")) == content)
    #expect(try InflatedFile.read(folder.path("a")) == content)
    #expect(try InflatedFile.read(folder.path("empty")).isEmpty)
  }

  @Test func `gzip that is cut short anywhere is an error`() throws {
    // With the two bytes of its magic or fewer it is no gzip but a plain file.
    for length in 3..<compressed.count {
      try folder.write(Array(compressed[..<length]), to: "a.gz")
      #expect(throws: SensorDataError.self, "\(length) bytes") {
        try InflatedFile.read(folder.path("a.gz"))
      }
    }
  }

  @Test func `a wrong checksum is an error`() throws {
    var bytes = compressed
    bytes[bytes.count - 6] ^= 1
    try folder.write(bytes, to: "a.gz")
    #expect(throws: SensorDataError.self) { try InflatedFile.read(folder.path("a.gz")) }
  }

  @Test func `the limit holds for the inflated content`() throws {
    try folder.write(compressed, to: "a.gz")
    #expect(try InflatedFile.read(folder.path("a.gz"), contentMax: 12) == content)
    #expect(throws: SensorDataError.self) {
      try InflatedFile.read(folder.path("a.gz"), contentMax: 11)
    }
  }

  @Test func `no file and a folder are told apart from content`() throws {
    for path in [folder.path("none"), folder.path] {
      #expect {
        try InflatedFile.read(path)
      } throws: { error in
        (error as? SensorDataError)?.place == path
      }
    }
  }
}
