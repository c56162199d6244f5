import Foundation
import Synchronization
import Workbench

/// The two streams of this process; nothing is held back in a buffer.
enum Console {
  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  /// Whether standard error is a terminal.
  static var hasErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns that a table may take.
  static let width = 100

  /// Text as it is, on standard output.
  static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// One line on standard output.
  static func line(_ text: String = "") { write(text + "\n") }

  /// Text as it is, on standard error.
  static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

  /// One message on standard error, under the tool's name.
  static func complain(_ text: String) { writeError("spikefleet: \(text)\n") }

  /// A table, or one line instead of a table without rows.
  static func table(_ table: TextTable, empty: String) {
    write(table.rows.isEmpty ? empty + "\n" : table.text)
  }

  /// What to do instead of ending the process when nobody reads standard output any more.
  static func onBrokenOutput(_ action: @escaping @Sendable () -> Void) {
    signal(SIGPIPE, SIG_IGN)
    brokenOutput.withLock { $0 = action }
  }

  private static let brokenOutput = Mutex<(@Sendable () -> Void)?>(nil)

  private static func reason(_ fault: Int32) -> String {
    String(cString: strerror(fault)).lowercased()
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else {
        let fault = errno
        if fault != EPIPE {
          if descriptor == STDOUT_FILENO {
            complain("standard output: cannot be written (\(reason(fault))); make room for it")
          }
          exit(1)
        }
        // Nobody reads any more, as with `| head`: there is nothing left to say.
        guard let action = brokenOutput.withLock({ $0 }) else { exit(141) }
        action()
        return
      }
      bytes = bytes.dropFirst(count)
    }
  }
}
