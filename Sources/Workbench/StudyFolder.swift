import Crypto
import FleetCore
import Foundation

/// The folder of a study: its inputs, its progress, and content by digest.
///
/// What is written survives the death of the process at any instant: every file appears whole, and
/// progress names only content that is there already. Content is checked when it is read, so that
/// damage is found and not learnt from.
struct StudyFolder: Sendable {
  /// Where it is.
  let path: String
  private var inputs: String { path + "/study.json" }
  private var progress: String { path + "/progress.json" }
  private var blobs: String { path + "/blobs" }
  private var staged: String { path + "/staged" }

  /// Opens the folder for these inputs: a new one, or one that was begun with the same.
  ///
  /// The error names the first input that is another one than the study was begun with.
  init(path: String, inputs: [String: String]) throws(ConfigurationError) {
    self.path = path
    for folder in [path, blobs, staged] { try Self.make(folder) }
    guard let found = try read(Inputs.self, self.inputs) else {
      let entries = try Self.orFail(path) {
        try FileManager.default.contentsOfDirectory(atPath: path)
      }
      let others = entries.filter { !["blobs", "staged"].contains($0) && !$0.hasPrefix(".") }
      if let other = others.min() {
        throw Self.failure(
          path, "a folder that has `\(other)` and no study", "a new folder, or that of a study",
          "name another one")
      }
      try write(Inputs(format: 1, inputs: inputs), self.inputs)
      return
    }
    for key in Set(inputs.keys).union(found.inputs.keys).sorted() {
      let (old, new) = (found.inputs[key], inputs[key])
      guard old != new else { continue }
      throw ConfigurationError(
        file: self.inputs, key: key, found: old.map { "`\($0)`" } ?? "nothing",
        expected: new.map { "`\($0)`, as this command has it" }
          ?? "nothing, as this command has it",
        cure: "go on with the inputs that the study was begun with, or name another folder")
    }
  }

  private struct Inputs: Codable {
    var format: Int
    var inputs: [String: String]
  }

  // MARK: progress

  /// What the study has come to; nil before its base model was judged.
  func readProgress() throws(ConfigurationError) -> StudyProgress? {
    try read(StudyProgress.self, progress)
  }

  /// Stores what the study has come to, then drops content that nothing needs any more.
  func store(_ progress: StudyProgress) throws(ConfigurationError) {
    try write(progress, self.progress)
    let needed = Set(progress.neededBlobs.map(\.hex))
    for (folder, kept) in [(blobs, needed), (staged, Set<String>())] {
      let names = try Self.orFail(folder) {
        try FileManager.default.contentsOfDirectory(atPath: folder)
      }
      for name in names where !kept.contains(name) {
        try Self.orFail(folder + "/" + name) {
          try FileManager.default.removeItem(atPath: folder + "/" + name)
        }
      }
    }
  }

  // MARK: content

  /// Keeps content under its digest.
  @discardableResult
  func put(_ bytes: [UInt8]) throws(ConfigurationError) -> ContentDigest {
    guard let digest = ContentDigest(SHA256.hash(data: bytes)) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    try write(Data(bytes), to: blobs + "/" + digest.hex)
    return digest
  }

  /// Content by its digest.
  func content(_ digest: ContentDigest) throws(ConfigurationError) -> [UInt8] {
    let file = blobs + "/" + digest.hex
    let bytes = [UInt8](try Self.orFail(file) { try Data(contentsOf: URL(filePath: file)) })
    guard digest.bytes.elementsEqual(SHA256.hash(data: bytes)) else {
      throw Self.failure(
        file, "other content than its name says", "what the study wrote",
        "begin the study again in another folder")
    }
    return bytes
  }

  /// Writes the bytes of an upload at an offset of its staging file; offset 0 starts it afresh.
  func stage(_ name: String, offset: UInt64, _ bytes: [UInt8]) throws(ConfigurationError) {
    let file = staged + "/" + name
    try Self.orFail(file) {
      guard offset > 0 else { return try Data(bytes).write(to: URL(filePath: file)) }
      let handle = try FileHandle(forWritingTo: URL(filePath: file))
      try handle.seek(toOffset: offset)
      try handle.write(contentsOf: bytes)
      try handle.close()
    }
  }

  /// The whole of a staged upload, which is then gone.
  func unstage(_ name: String) throws(ConfigurationError) -> [UInt8] {
    let file = staged + "/" + name
    return try Self.orFail(file) {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
      try FileManager.default.removeItem(atPath: file)
      return bytes
    }
  }

  // MARK: files

  /// Writes a file of the folder that a person reads.
  func write(_ text: String, as name: String) throws(ConfigurationError) {
    try write(Data(text.utf8), to: path + "/" + name)
  }

  /// Writes a file of the folder.
  func write(_ bytes: [UInt8], as name: String) throws(ConfigurationError) {
    try write(Data(bytes), to: path + "/" + name)
  }

  private func write(_ value: some Encodable, _ file: String) throws(ConfigurationError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try write(try Self.orFail(file) { try encoder.encode(value) + Data([0x0A]) }, to: file)
  }

  private func write(_ data: Data, to file: String) throws(ConfigurationError) {
    try Self.orFail(file) { try data.write(to: URL(filePath: file), options: .atomic) }
  }

  /// A value of a file; nil where there is none.
  private func read<Value: Decodable>(
    _ type: Value.Type, _ file: String
  ) throws(ConfigurationError) -> Value? {
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    let data = try Self.orFail(file) { try Data(contentsOf: URL(filePath: file)) }
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw Self.failure(
        file, "other content", "what a study of this version wrote", "name another folder")
    }
  }

  private static func make(_ folder: String) throws(ConfigurationError) {
    try orFail(folder) {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    }
  }

  private static func orFail<Value>(
    _ file: String, _ body: () throws -> Value
  ) throws(ConfigurationError) -> Value {
    do { return try body() } catch {
      throw failure(
        file, OutputFile.reason(error), "a place that this user may read and write",
        "make room, or name another folder")
    }
  }

  private static func failure(
    _ file: String, _ found: String, _ expected: String, _ cure: String
  ) -> ConfigurationError {
    ConfigurationError(file: file, key: "", found: found, expected: expected, cure: cure)
  }
}
