import Foundation
import Logging
import Synchronization
import Testing
import Workbench

@Suite struct LogLinesTests {
  private final class Lines: Sendable {
    let bytes = Mutex<[UInt8]>([])
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
  }

  private func logger(_ format: LogFormat, _ lines: Lines) -> Logger {
    Logger(label: "agent") { source in
      LogLines(
        source: source, format: format, now: { 1_769_860_800_123_456 },
        write: { line in lines.bytes.withLock { $0 += line } })
    }
  }

  @Test func `text has time, level, source, kind, subject, detail and the rest by name`() {
    let lines = Lines()
    logger(.text, lines).notice(
      "generation 1.2", metadata: ["b": "2", "subject": "digits", "a": "1", "kind": "model.active"])
    #expect(
      lines.text
        == "2026-01-31T12:00:00.123Z notice agent model.active digits: generation 1.2 a=1 b=2\n")
  }

  @Test func `text without kind and subject is just the detail`() {
    let lines = Lines()
    logger(.text, lines).info("ready")
    #expect(lines.text == "2026-01-31T12:00:00.123Z info agent ready\n")
  }

  @Test func `what a peer wrote cannot forge a line`() {
    let lines = Lines()
    let forged = "a\n2026-01-31T12:00:00.123Z info agent all is well\u{1B}[2J\u{2028}"
    logger(.text, lines).warning("\(forged)", metadata: ["subject": "\(forged)"])
    logger(.json, lines).warning("\(forged)", metadata: ["subject": "\(forged)"])
    #expect(lines.text.split(separator: "\n").count == 2)
    #expect(!lines.text.contains("\u{1B}"))
    #expect(!lines.text.contains("\u{2028}"))
  }

  @Test func `json lines read back as what was logged`() throws {
    let lines = Lines()
    let odd = "quote \" backslash \\ tab \t umlaut ü emoji 🙂 zero \u{0}"
    logger(.json, lines).error("\(odd)", metadata: ["kind": "k", "subject": "s", "x": "\(odd)"])
    let object = try JSONSerialization.jsonObject(with: Data(lines.text.utf8)) as? [String: String]
    #expect(
      object == [
        "time": "2026-01-31T12:00:00.123Z", "level": "error", "source": "agent", "kind": "k",
        "subject": "s", "detail": odd, "x": odd,
      ])
  }

  @Test func `events below the level are not written`() {
    let lines = Lines()
    var logger = logger(.text, lines)
    logger.logLevel = .warning
    logger.info("quiet")
    #expect(lines.text.isEmpty)
  }

  @Test func `a level that does not exist is refused with the list`() throws {
    let error = try #require(throws: LogLevelError.self) {
      try LogFormat.text.logger(label: "agent", level: "loud")
    }
    #expect(
      error.description
        == "log level: found `loud`, expected one of trace, debug, info, notice, warning, error, "
        + "critical")
    #expect(try LogFormat.json.logger(label: "agent", level: "debug").logLevel == .debug)
  }
}
