import FleetProtocol
import Foundation
import Testing
import Workbench

/// Key files are their owner's alone, and whatever else is refused with a cure.
@Suite struct SigningKeyFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a saved key is the same key`() throws {
    let file = SigningKeyFile(path: folder.path + "/a.key")
    let key = SigningKey()
    try file.save(key)
    #expect(try file.load().seed == key.seed)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
  }

  @Test func `a key is never replaced`() throws {
    let file = SigningKeyFile(path: folder.path + "/a.key")
    let key = SigningKey()
    try file.save(key)
    #expect(throws: SecretFileError.exists(path: file.path)) { try file.save(SigningKey()) }
    #expect(try file.load().seed == key.seed)
  }

  @Test(arguments: [0o644, 0o640, 0o400, 0o700])
  func `any other mode is refused`(mode: Int) throws {
    let file = SigningKeyFile(path: folder.path + "/a.key")
    try file.save(SigningKey())
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    let error = #expect(throws: SecretFileError.self) { try file.load() }
    #expect(error == .mode(path: file.path, found: UInt32(mode)))
    #expect(error?.description.contains("chmod 600 \(file.path)") == true)
  }

  @Test(arguments: ["", "\n", "zz", String(repeating: "a", count: 63), "a\nb"])
  func `any other content is refused and not repeated`(text: String) throws {
    let path = try folder.file("a.key", text)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    let error = #expect(throws: SecretFileError.self) { try SigningKeyFile(path: path).load() }
    #expect(error?.description.contains("64 hexadecimal digits") == true)
  }

  @Test func `a missing file is named`() throws {
    let error = #expect(throws: SecretFileError.self) {
      try SigningKeyFile(path: folder.path + "/none.key").load()
    }
    #expect(error?.isMissingFile == true)
    #expect(error?.description.contains("none.key: open failed") == true)
  }
}
