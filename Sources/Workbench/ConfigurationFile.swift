import Foundation

/// The settings of a program: a flag wins over the environment, this over the YAML file.
///
/// Keys are written with dots between levels (`coordinator.control`). The variable of a key is the
/// prefix and the key in capitals (`SPIKEFLEET_AGENT_COORDINATOR_CONTROL`). Whoever reads settings
/// asks for each key that exists and calls `finish()`, which refuses all others. Relative paths in
/// the file are relative to its folder, those of flags and variables to the working directory.
package final class ConfigurationFile {
  /// Path of the file as given.
  package let path: String
  private let environmentPrefix: String
  private let overrides: [String: String]
  private let environment: [String: String]
  private let document: ConfigurationDocument
  private var asked: Set<String> = []

  /// Reads and parses the file; `overrides` are the flags that were given, by key.
  package convenience init(
    path: String, environmentPrefix: String, overrides: [String: String] = [:],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) {
    try self.init(
      text: try ConfigurationDocument.text(of: path), path: path,
      environmentPrefix: environmentPrefix, overrides: overrides, environment: environment)
  }

  /// Parses text that is already there; `path` names it and is the base of relative paths.
  package init(
    text: String, path: String, environmentPrefix: String, overrides: [String: String] = [:],
    environment: [String: String] = [:]
  ) throws(ConfigurationError) {
    self.path = path
    self.environmentPrefix = environmentPrefix
    self.overrides = overrides
    self.environment = environment
    document = try ConfigurationDocument(text: text, path: path)
  }

  // MARK: text

  /// The text of a key that must be there and not be empty.
  package func string(_ key: String) throws(ConfigurationError) -> String {
    guard let text = try optionalString(key) else { throw missing(key) }
    return text
  }

  /// The text of a key, or a default.
  package func string(_ key: String, default text: String) throws(ConfigurationError) -> String {
    try optionalString(key) ?? text
  }

  /// The text of a key, nil when nobody set it.
  package func optionalString(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = try value(key) else { return nil }
    guard !value.text.isEmpty else {
      throw error(key, found: "nothing", expected: "a text", cure: "write a value, or remove it")
    }
    return value.text
  }

  /// One of a few words, or a default.
  package func choice(
    _ key: String, of words: [String], default word: String
  ) throws(ConfigurationError) -> String {
    guard let text = try optionalString(key) else { return word }
    guard words.contains(text) else {
      throw error(
        key, found: "`\(text)`", expected: "one of \(words.joined(separator: ", "))",
        cure: "write one of these words")
    }
    return text
  }

  // MARK: numbers

  /// A whole number that must be there.
  package func int(
    _ key: String, in range: ClosedRange<Int>
  ) throws(ConfigurationError) -> Int {
    guard let number = try optionalInt(key, in: range) else { throw missing(key) }
    return number
  }

  /// A whole number, or a default.
  package func int(
    _ key: String, default number: Int, in range: ClosedRange<Int>
  ) throws(ConfigurationError) -> Int {
    try optionalInt(key, in: range) ?? number
  }

  /// A whole number, nil when nobody set it.
  package func optionalInt(
    _ key: String, in range: ClosedRange<Int>
  ) throws(ConfigurationError) -> Int? {
    guard let (text, found) = try number(key) else { return nil }
    guard let text, let number = PlainScalar.integer(text, as: Int.self), range.contains(number)
    else {
      throw error(
        key, found: found,
        expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
        cure: "write such a number")
    }
    return number
  }

  /// A number, or a default.
  package func double(
    _ key: String, default number: Double, in range: ClosedRange<Double>
  ) throws(ConfigurationError) -> Double {
    guard let (text, found) = try self.number(key) else { return number }
    guard let text, let number = PlainScalar.number(text), range.contains(number) else {
      throw error(
        key, found: found,
        expected: "a number from \(range.lowerBound) to \(range.upperBound)",
        cure: "write such a number")
    }
    return number
  }

  /// The text of a number, nil where quotes make it none; and how errors name it.
  private func number(
    _ key: String
  ) throws(ConfigurationError) -> (text: String?, found: String)? {
    guard let text = try optionalString(key) else { return nil }
    if case .file(_, isPlain: false)? = try value(key)?.source {
      return (nil, "the text `\(text)`")
    }
    return (text, "`\(text)`")
  }

  // MARK: paths

  /// A path that must be there, made independent of the working directory where the file gives it.
  package func path(_ key: String) throws(ConfigurationError) -> String {
    guard let path = try optionalPath(key) else { throw missing(key) }
    return path
  }

  /// A path, nil when nobody set it.
  package func optionalPath(_ key: String) throws(ConfigurationError) -> String? {
    guard let text = try optionalString(key) else { return nil }
    guard !text.hasPrefix("/"), case .file? = try value(key)?.source,
      let slash = path.lastIndex(of: "/")
    else { return text }
    return path[...slash] + text
  }

  // MARK: errors

  /// An error about a key's value that names where the value comes from.
  package func error(
    _ key: String, found: String, expected: String, cure: String
  ) -> ConfigurationError {
    ConfigurationError(
      file: place(of: key), key: key, found: found, expected: expected, cure: cure)
  }

  /// Refuses every key and variable that nobody asked for; call it after the last question.
  package func finish() throws(ConfigurationError) {
    for key in overrides.keys where !asked.contains(key) {
      preconditionFailure("flag \(Self.flag(of: key)) sets `\(key)`, which nobody reads")
    }
    for entry in document.entries where !entry.hasChildren && !asked.contains(entry.key) {
      throw ConfigurationError(
        file: "\(path):\(entry.line)", key: entry.key, found: "an unknown key",
        expected: "one of \(asked.sorted().joined(separator: ", "))",
        cure: Self.cure(for: entry.key, among: asked.sorted()))
    }
    let variables = asked.map(variable).sorted()
    for name in environment.keys.sorted()
    where name.hasPrefix(environmentPrefix) && !variables.contains(name) {
      throw ConfigurationError(
        file: "environment", key: name, found: "an unknown variable",
        expected: "one of \(variables.joined(separator: ", "))",
        cure: Self.cure(for: name, among: variables))
    }
  }

  private func missing(_ key: String) -> ConfigurationError {
    for parent in Self.parents(of: key) {
      guard let entry = document[parent], !entry.hasChildren else { continue }
      return ConfigurationError(
        file: "\(path):\(entry.line)", key: parent, found: entry.value.description,
        expected: "a mapping with the key `\(key.dropFirst(parent.count + 1))`",
        cure: "write it indented below `\(parent):`")
    }
    return ConfigurationError(
      file: path, key: key, found: "no such key", expected: "a value",
      cure: "add it to the file, set \(variable(key)), or give \(Self.flag(of: key))")
  }

  // MARK: where values come from

  private enum Source {
    case flag
    case variable
    case file(line: Int, isPlain: Bool)
  }

  private func value(_ key: String) throws(ConfigurationError) -> (text: String, source: Source)? {
    asked.insert(key)
    if let text = overrides[key] { return (text, .flag) }
    if let text = environment[variable(key)] { return (text, .variable) }
    guard let entry = document[key] else { return nil }
    guard let text = entry.value.string else {
      throw ConfigurationError(
        file: "\(path):\(entry.line)", key: key, found: entry.value.description,
        expected: "a single value", cure: "write `\(key.split(separator: ".").last ?? ""): VALUE`")
    }
    return (text, .file(line: entry.line, isPlain: entry.value.plain != nil))
  }

  private func place(of key: String) -> String {
    if overrides[key] != nil { return "flag \(Self.flag(of: key))" }
    if environment[variable(key)] != nil { return "environment variable \(variable(key))" }
    return document[key].map { "\(path):\($0.line)" } ?? path
  }

  private func variable(_ key: String) -> String {
    environmentPrefix + Self.words(of: key).joined(separator: "_").uppercased()
  }

  private static func flag(of key: String) -> String {
    "--" + words(of: key).joined(separator: "-").lowercased()
  }

  /// `coordinator.publicKey` as `coordinator`, `public`, `Key`.
  private static func words(of key: String) -> [String] {
    var words = [""]
    for character in key {
      if character == "." {
        words.append("")
      } else if character.isUppercase {
        words.append(String(character))
      } else {
        words[words.count - 1].append(character)
      }
    }
    return words
  }

  private static func parents(of key: String) -> [String] {
    key.indices.filter { key[$0] == "." }.map { String(key[..<$0]) }
  }

  private static func cure(for name: String, among known: [String]) -> String {
    guard let nearest = NearName.nearest(to: name, in: known) else { return "remove it" }
    return "write `\(nearest)` if that is meant, or remove it"
  }
}
