package import Logging

/// How a daemon writes its log to standard error: lines for people or lines for machines.
package enum LogFormat: String, Sendable, CaseIterable {
  /// `2026-01-31T12:00:00.000Z info agent model.active digits: serves generation 1.2 key=value`
  case text
  /// One JSON object a line: `time`, `level`, `source`, `kind`, `subject`, `detail`, others.
  case json

  /// Names of the levels, least urgent first.
  package static let levels = Logger.Level.allCases.map(\.rawValue)

  /// A logger that writes to standard error, and to a tail; the level is one of `levels`.
  package func logger(
    label: String, level: String, tail: LogTail? = nil
  ) throws(LogLevelError) -> Logger {
    guard let level = Logger.Level(rawValue: level) else { throw LogLevelError(found: level) }
    var logger = Logger(label: label) { source in
      LogLines(
        source: source, format: self,
        write: { line in
          tail?.note(line)
          LogLines.writeToStandardError(line)
        })
    }
    logger.logLevel = level
    return logger
  }
}

/// A level that does not exist.
package struct LogLevelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was asked for.
  package let found: String

  package var description: String {
    "log level: found `\(found)`, expected one of \(LogFormat.levels.joined(separator: ", "))"
  }
}
