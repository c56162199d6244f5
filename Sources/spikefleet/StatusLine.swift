import Foundation
import Synchronization
import Workbench

/// Progress on standard error: one line that changes on a terminal, a few lines elsewhere.
final class StatusLine: Sendable {
  private struct State {
    var shown = ""
    var nextAt: ContinuousClock.Instant
  }

  private let state: Mutex<State>
  private let interval: Duration

  /// Elsewhere than on a terminal, nothing in the first second and then a line each `interval`.
  init(interval: Duration = .seconds(2)) {
    self.interval = interval
    state = Mutex(State(nextAt: .now.advanced(by: .seconds(1))))
  }

  /// Shows where things stand; `isUrgent` before something long about which no more will be said.
  func show(_ text: String, isUrgent: Bool = false) {
    let text = TextTable.printable(text)
    state.withLock { state in
      guard text != state.shown else { return }
      if Console.hasErrorTerminal {
        Console.writeError("\r\u{1B}[K" + text)
      } else {
        let now = ContinuousClock.now
        guard isUrgent || now >= state.nextAt else { return }
        state.nextAt = now.advanced(by: interval)
        Console.writeError(text + "\n")
      }
      state.shown = text
    }
  }

  /// Wipes the line away, before other output or at the end.
  func clear() {
    state.withLock { state in
      if Console.hasErrorTerminal, !state.shown.isEmpty { Console.writeError("\r\u{1B}[K") }
      state.shown = ""
    }
  }
}
