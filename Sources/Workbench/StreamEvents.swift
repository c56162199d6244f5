import Foundation
package import SpikingNetwork

/// What a stream says about its samples beside their intensities: labels, rewards and classes to
/// assign, as events.
///
/// A file `events.csv` beside the samples, with the header `sample,kind,value`; `sample` counts the
/// stream's samples from 0, lines come in any order. Where the file is, it alone says which samples
/// have a label, and `labels.idx` does not count.
package struct StreamEvents: Sendable, Equatable {
  /// What an event is about.
  package enum Kind: String, Sendable, CaseIterable {
    /// The class that the sample shows.
    case label
    /// What the node earned by the sample, -1 to 1.
    case reward
    /// The class to which neurons that answer the sample are assigned; the sample is not learnt.
    case assign
  }

  /// Name of the file in a stream's folder.
  package static let fileName = "events.csv"
  static let header = "sample,kind,value"

  /// The class of each sample; nil for one without a label.
  package var labels: [Int?]
  /// The reward of each sample; nil for none.
  package var rewards: [Double?]
  /// The class that each sample assigns; nil for none.
  package var assignments: [Int?]

  /// A sample's reward as the chip takes it, in 1/256.
  package func reward(of position: Int) -> Int32? {
    rewards[position].map { Int32(($0 * 256).rounded()) }
  }

  /// Every sample has the label that the samples themselves have.
  package init(of samples: LabelledSamples) {
    labels = samples.labels.map { Int($0) }
    rewards = [Double?](repeating: nil, count: samples.count)
    assignments = [Int?](repeating: nil, count: samples.count)
  }

  /// Reads the events of a stream's folder; without a file each sample has its own label.
  package static func read(
    _ folder: String, for samples: LabelledSamples
  ) throws(ConfigurationError) -> StreamEvents {
    let path = folder + "/" + fileName
    guard FileManager.default.fileExists(atPath: path) else { return StreamEvents(of: samples) }
    let bytes = try InputFile.bytes(of: path, what: "events of a stream")
    return try StreamEvents(
      parsing: String(decoding: bytes, as: UTF8.self), file: path, count: samples.count)
  }

  /// Reads the text of a file; `file` names it in errors.
  package init(parsing text: String, file: String, count: Int) throws(ConfigurationError) {
    labels = [Int?](repeating: nil, count: count)
    rewards = [Double?](repeating: nil, count: count)
    assignments = [Int?](repeating: nil, count: count)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    if lines.last == "" { lines.removeLast() }
    guard lines.first == Substring(Self.header) else {
      throw Self.broken(
        file, 1, "", "`\(lines.first?.prefix(40) ?? "")`", "the header `\(Self.header)`")
    }
    for (index, line) in lines.enumerated().dropFirst() {
      try take(line, file, index + 1)
    }
  }

  private mutating func take(
    _ line: Substring, _ file: String, _ number: Int
  ) throws(ConfigurationError) {
    let fields = line.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count == 3 else {
      throw Self.broken(file, number, "", "\(fields.count) fields", "sample, kind and value")
    }
    guard let sample = Int(fields[0]), labels.indices.contains(sample) else {
      throw Self.broken(
        file, number, "sample", "`\(fields[0].prefix(20))`", "0 to \(labels.count - 1)")
    }
    guard let kind = Kind(rawValue: String(fields[1])) else {
      throw Self.broken(
        file, number, "kind", "`\(fields[1].prefix(20))`",
        Kind.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let isTaken: Bool
    switch kind {
    case .label:
      isTaken = labels[sample] != nil
      labels[sample] = try Self.value(fields[2], file, number, "0 to 255") { Int($0) }
    case .assign:
      isTaken = assignments[sample] != nil
      assignments[sample] = try Self.value(fields[2], file, number, "0 to 255") { Int($0) }
    case .reward:
      isTaken = rewards[sample] != nil
      rewards[sample] = try Self.value(fields[2], file, number, "-1 to 1") { Double($0) }
    }
    guard !isTaken else {
      throw Self.broken(
        file, number, "sample", "a second \(kind.rawValue) of sample \(sample)", "one of a kind")
    }
  }

  private static func value<Value: SignedNumeric & Comparable>(
    _ text: Substring, _ file: String, _ number: Int, _ expected: String,
    _ read: (Substring) -> Value?
  ) throws(ConfigurationError) -> Value {
    let value = read(text)
    let isWithin =
      if let label = value as? Int {
        (0...255).contains(label)
      } else if let reward =
        value as? Double
      { (-1...1).contains(reward) } else { false }
    guard let value, isWithin else {
      throw broken(file, number, "value", "`\(text.prefix(20))`", expected)
    }
    return value
  }

  private static func broken(
    _ file: String, _ line: Int, _ field: String, _ found: String, _ expected: String
  ) -> ConfigurationError {
    ConfigurationError(
      file: "\(file), line \(line)", key: field, found: found, expected: expected,
      cure: "correct the line")
  }
}
