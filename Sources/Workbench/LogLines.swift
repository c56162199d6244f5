import FleetCore
import Foundation
package import Logging

/// Writes each event as one line.
///
/// The message is the detail; the metadata `kind` (a stable name such as `node.offline`) and
/// `subject` (what it is about) come before it, other metadata after it, in the order of names.
/// What a peer wrote cannot forge a line: control characters are escaped in both formats.
package struct LogLines: LogHandler {
  /// What every line of this logger carries.
  package var metadata: Logger.Metadata = [:]
  /// What is asked for more at each line.
  package var metadataProvider: Logger.MetadataProvider?
  /// Lines below it are left out.
  package var logLevel: Logger.Level = .info
  private let source: String
  private let format: LogFormat
  private let now: @Sendable () -> Int64
  private let write: @Sendable ([UInt8]) -> Void

  /// Lines of `source`; the clock in microseconds since 1970 UTC and the sink are for tests.
  package init(
    source: String, format: LogFormat,
    now: @escaping @Sendable () -> Int64 = { WallClock.now().microseconds },
    write: @escaping @Sendable ([UInt8]) -> Void = LogLines.writeToStandardError
  ) {
    self.source = source
    self.format = format
    self.now = now
    self.write = write
  }

  /// One entry of the metadata of every line.
  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one line.
  package func log(event: LogEvent) {
    var merged = metadata
    if let provided = metadataProvider?.get() { merged.merge(provided) { $1 } }
    if let own = event.metadata { merged.merge(own) { $1 } }
    var rest = merged.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
    let kind = Self.take("kind", from: &rest)
    let subject = Self.take("subject", from: &rest)
    if let error = event.error { rest.append(("error", "\(error)")) }
    let time = Self.timestamp(now())
    let detail = "\(event.message)"
    let line: String
    switch format {
    case .text:
      let about = [kind, subject].compactMap(\.self).map(Self.printable)
      let head = about.isEmpty ? "" : about.joined(separator: " ") + ": "
      let tail = rest.map { " \($0)=\(Self.printable($1))" }.joined()
      line = "\(time) \(event.level) \(source) \(head)\(Self.printable(detail))\(tail)"
    case .json:
      let fields =
        [
          ("time", time), ("level", event.level.rawValue), ("source", source),
          ("kind", kind ?? ""), ("subject", subject ?? ""), ("detail", detail),
        ] + rest
      line =
        "{"
        + fields.map { "\(Self.quoted($0)):\(Self.quoted($1))" }.joined(separator: ",")
        + "}"
    }
    write([UInt8]((line + "\n").utf8))
  }

  private static func take(_ key: String, from fields: inout [(String, String)]) -> String? {
    guard let index = fields.firstIndex(where: { $0.0 == key }) else { return nil }
    return fields.remove(at: index).1
  }

  // MARK: text

  /// RFC 3339 in UTC with milliseconds.
  static func timestamp(_ microseconds: Int64) -> String {
    var seconds = time_t(microseconds.quotientAndRemainder(dividingBy: 1_000_000).quotient)
    let milliseconds = max(0, microseconds % 1_000_000 / 1_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [
      padded(Int(parts.tm_year) + 1_900, 4), padded(Int(parts.tm_mon) + 1, 2),
      padded(Int(parts.tm_mday), 2),
    ].joined(separator: "-")
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
      .joined(separator: ":")
    return "\(date)T\(clock).\(padded(Int(milliseconds), 3))Z"
  }

  /// The text with control characters escaped, so that it stays one line.
  static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return text.unicodeScalars.map { isControl($0) ? escape($0) : String($0) }.joined()
  }

  /// A JSON string (RFC 8259).
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" {
        result += "\\"
        result.unicodeScalars.append(scalar)
      } else if isControl(scalar) {
        result += escape(scalar)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control || scalar.value == 0x2028
      || scalar.value == 0x2029
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  // MARK: the world

  /// One call for each line, so that lines of several threads do not mix.
  package static func writeToStandardError(_ line: [UInt8]) {
    var rest = line[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return }
      rest = rest.dropFirst(max(0, count))
    }
  }
}
