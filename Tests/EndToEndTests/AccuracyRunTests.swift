import Foundation
import SpikingNetwork
import Testing

/// `Tests/Accuracy/run` on digits of seven strokes: each shipped chip runs a network that fits it,
/// and tells ten classes apart.
@Suite(.timeLimit(.minutes(10))) struct AccuracyRunTests {
  /// Pictures of 28 x 28 with strokes of 3 pixels, moved, dimmed and slanted at random.
  private enum StrokeDigits {
    /// Strokes of 0 to 9: top, upper left, upper right, middle, lower left, lower right, bottom.
    static let strokes: [[Int]] = [
      [0, 1, 2, 4, 5, 6], [2, 5], [0, 2, 3, 4, 6], [0, 2, 3, 5, 6], [1, 2, 3, 5],
      [0, 1, 3, 5, 6], [0, 1, 3, 4, 5, 6], [0, 2, 5], [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 5, 6],
    ]
    /// Left, top, width and height of each stroke.
    static let boxes = [
      (8, 4, 12, 3), (8, 4, 3, 11), (17, 4, 3, 11), (8, 12, 12, 3), (8, 12, 3, 11), (17, 12, 3, 11),
      (8, 20, 12, 3),
    ]

    static func picture(_ digit: Int, _ stream: UInt64) -> [UInt8] {
      func draw(_ place: UInt64, _ count: UInt64) -> Int {
        Int(CounterRandom.draw(stream, place) % count)
      }
      let (right, down, ink) = (draw(0, 3) - 1, draw(1, 3) - 1, 200 + draw(2, 56))
      var pixels = [UInt8](repeating: 0, count: 28 * 28)
      for stroke in strokes[digit] {
        let (left, top, width, height) = boxes[stroke]
        for row in top + down..<top + down + height {
          let slant = (14 - row) / 6 * (draw(3, 3) - 1)
          for column in left + right + slant..<left + right + slant + width {
            pixels[row * 28 + column] = UInt8(ink)
          }
        }
      }
      return pixels
    }

    /// The two IDX files of a part of MNIST.
    static func write(part: String, count: Int, seed: UInt64, to folder: URL) throws {
      let random = CounterRandom(seed: seed, purpose: .training)
      func header(_ dimensions: [Int]) -> [UInt8] {
        [0, 0, 8, UInt8(dimensions.count)]
          + dimensions.flatMap { size in
            (0..<4).reversed().map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
          }
      }
      let labels = (0..<count).map { $0 * 7 % 10 }
      let pictures = labels.enumerated().flatMap { picture($1, random.stream(UInt64($0))) }
      try Data(header([count, 28, 28]) + pictures)
        .write(to: folder.appending(path: "\(part)-images-idx3-ubyte"))
      try Data(header([count]) + labels.map(UInt8.init))
        .write(to: folder.appending(path: "\(part)-labels-idx1-ubyte"))
    }
  }

  private func run(_ data: String, _ arguments: String...) throws -> Programs.Outcome {
    try Programs.run(
      "/usr/bin/env",
      [
        "SPIKEFLEET_DATA=\(data)", "SPIKEFLEET=\(Programs.tool)",
        SmallModel.packageFile("Tests/Accuracy/run"),
      ] + arguments)
  }

  @Test func `each chip runs a network that fits it and tells ten digits apart`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-accuracy-\(UUID().uuidString.lowercased())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try StrokeDigits.write(part: "train", count: 3000, seed: 1, to: folder)
    try StrokeDigits.write(part: "t10k", count: 200, seed: 2, to: folder)
    let outcome = try run(folder.path, "3000", "200")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let tables = outcome.output.split(separator: "\n\n").map { table in
      table.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
    }
    try #require(tables.count == 3)
    let rows = tables[0]
    #expect(
      rows.first
        == "CHIP NETWORK LEARNT ACCURACY % SHUFFLED % uJ/SAMPLE GRADE".split(separator: " ")
        .map(String.init))
    let chips = try FileManager.default
      .contentsOfDirectory(atPath: SmallModel.packageFile("fleet-configs/chips"))
      .map { $0.replacing(".yaml", with: "") }
    #expect(Set(rows.dropFirst().compactMap(\.first)) == Set(chips))
    #expect(Set(rows.dropFirst().map { $0[1] }).count == rows.count - 1)
    for row in rows.dropFirst() where row.count == 7 {
      let accuracy = try #require(Double(row[3]))
      // Local rules learn slowly, most of all without labels; guessing is right for 10 %.
      let isLocal = ["sdsp", "stdp", "reward"].contains(row[1])
      let least = row[1].hasPrefix("wta") ? 20.0 : isLocal ? 45 : 85
      #expect(accuracy >= least, "\(row)")
      #expect(try #require(Double(row[5])) > 0)
      if row[2] == "chip" && !row[1].hasPrefix("wta") {
        #expect(try abs(#require(Double(row[4])) - 10) <= 2, "\(row)")
      } else {
        #expect(row[4] == "-")
      }
    }
    #expect(rows.allSatisfy { $0.count >= 7 })
    #expect(tables[1].first == ["WEIGHTS", "FLOAT", "%", "CHIP", "%", "LOSS"])
    #expect(tables[1].dropFirst().map(\.first) == ["int8", "int4", "binary"])
    let rules = tables[2]
    #expect(rules.first?.first == "RULE" && rules.count == 8)
    for row in rules.dropFirst() {
      #expect(try #require(Double(row[1])) >= 85, "\(row)")
      // Labels in another order leave nothing to learn: more than chance would be a leak.
      #expect(try abs(#require(Double(row[3])) - 10) <= 2, "\(row)")
    }
    for row in tables[1].dropFirst() {
      #expect(try #require(Double(row[1])) >= 90 && abs(#require(Double(row[3]))) <= 5, "\(row)")
    }
  }

  @Test func `a folder without MNIST is refused by name`() throws {
    let outcome = try run("/nowhere")
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("no train-images-idx3-ubyte"))
    #expect(outcome.errors.contains("'/nowhere'"))
  }
}
