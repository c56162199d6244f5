import FleetCore
import Foundation
import Synchronization

/// What the workers of a simulated fleet have written so far, read from their logs.
final class FleetBoard: Sendable {
  /// When a node did something last, and for which generation.
  struct Mark {
    var generation: String
    var at: Instant
  }

  private struct Source {
    var path: String
    var offset: UInt64 = 0
    var rest = ""
    var figures = HollowFigures()
  }

  private struct State {
    var sources: [Source] = []
    var onlineSince: [Instant?]
    var accepted: [Int: Mark] = [:]
    var applied: [Int: Mark] = [:]
  }

  private let state: Mutex<State>

  init(nodes: Int) {
    state = Mutex(State(onlineSince: Array(repeating: nil, count: nodes)))
  }

  /// Reads this log from now on.
  func follow(_ path: String) { state.withLock { $0.sources.append(Source(path: path)) } }

  /// Nodes that are online now.
  var onlineCount: Int { state.withLock { $0.onlineSince.count { $0 != nil } } }

  /// Nodes that have come online after an instant and are.
  func online(since: Instant) -> Int {
    state.withLock { $0.onlineSince.count { $0.map { $0 > since } ?? false } }
  }

  /// When the last of the nodes that are online came.
  var lastOnline: Instant? { state.withLock { $0.onlineSince.compactMap { $0 }.max() } }

  var accepted: [Int: Mark] { state.withLock { $0.accepted } }
  var applied: [Int: Mark] { state.withLock { $0.applied } }

  /// Sums over all workers.
  var figures: HollowFigures {
    state.withLock { state in
      state.sources.reduce(into: HollowFigures()) { sum, source in
        sum.beats += source.figures.beats
        sum.lateBeats += source.figures.lateBeats
        sum.sentBytes += source.figures.sentBytes
        sum.receivedBytes += source.figures.receivedBytes
      }
    }
  }

  /// Takes in what was written since the last time.
  func read() {
    state.withLock { state in
      for index in state.sources.indices {
        for line in Self.lines(of: &state.sources[index]) {
          switch HollowLine(line) {
          case .figures(let figures): state.sources[index].figures = figures
          case .note(let node, let note, let at):
            guard state.onlineSince.indices.contains(node) else { continue }
            Self.take(node, note, Instant(microseconds: at), &state)
          case nil: continue
          }
        }
      }
    }
  }

  private static func take(
    _ node: Int, _ note: HollowNote, _ at: Instant, _ state: inout State
  ) {
    switch note {
    case .online: state.onlineSince[node] = at
    case .lost: state.onlineSince[node] = nil
    case .accepted(let generation): state.accepted[node] = Mark(generation: generation, at: at)
    case .applied(let generation): state.applied[node] = Mark(generation: generation, at: at)
    }
  }

  private static func lines(of source: inout Source) -> [Substring] {
    guard let handle = FileHandle(forReadingAtPath: source.path) else { return [] }
    defer { try? handle.close() }
    guard (try? handle.seek(toOffset: source.offset)) != nil,
      let bytes = try? handle.readToEnd(), !bytes.isEmpty
    else { return [] }
    source.offset += UInt64(bytes.count)
    let text = source.rest + String(decoding: bytes, as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    source.rest = lines.popLast().map(String.init) ?? ""
    return lines
  }
}
