import Foundation
import Synchronization

/// A test aid: kills the process at one chosen point, as a power cut would.
///
/// A daemon's points are right before and right after each directive with which it writes to its
/// disk or sends something, and are numbered from 1 as they come. At 0 they are only counted. Words
/// such as `after storeChunk` choose the first point of that name.
package final class CrashPoint: Sendable {
  /// The environment variable that chooses the point; without it nothing is counted.
  package static let variable = "SPIKEFLEET_CRASH_AT"

  private enum Choice {
    case number(Int)
    case name(String)
  }

  private let chosen: Choice?
  private let passedCount = Mutex(0)

  /// The point that an environment chooses.
  package init(environment: [String: String]) {
    chosen = environment[Self.variable].map { text in
      Int(text).map(Choice.number) ?? .name(text)
    }
  }

  /// Points passed so far; nil where none was chosen.
  package var passed: Int? { chosen == nil ? nil : passedCount.withLock { $0 } }

  /// A point before something is carried out.
  package func before(_ what: @autoclosure () -> String) { reached("before", what) }

  /// A point after something was carried out.
  package func after(_ what: @autoclosure () -> String) { reached("after", what) }

  private func reached(_ side: String, _ what: () -> String) {
    guard let chosen else { return }
    let number = passedCount.withLock { count in
      count += 1
      return count
    }
    // Names alone: a directive may carry keys and megabytes.
    func name() -> String { "\(side) \(what().prefix { $0 != "(" })" }
    switch chosen {
    case .number(number): break
    case .name(name()): break
    case .number, .name: return
    }
    FileHandle.standardError.write(Data("\(Self.variable)=\(number): \(name())\n".utf8))
    kill(getpid(), SIGKILL)
  }
}
