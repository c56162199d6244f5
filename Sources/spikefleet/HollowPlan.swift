import FleetSimulation
import Foundation

/// What a worker of a simulated fleet needs to know: a file of mode 0600, for it holds keys.
struct HollowPlan: Codable {
  /// One node and its credential.
  struct Node: Codable {
    var name: String
    var secretKey: String
    var behaviour = HollowAgent.Behaviour()
  }

  var coordinatorKey: String
  var control: String
  var data: String
  var rootFile: String
  var chip: String
  var heartbeatMilliseconds: UInt32
  var telemetrySeconds: Int
  /// Mean seconds between two restarts of an agent; nil for never.
  var flapSeconds: Double?
  /// Nodes of the whole fleet; each worker takes some of them.
  var nodes: [Node]

  static func read(_ path: String) throws -> HollowPlan {
    try JSONDecoder().decode(HollowPlan.self, from: try Data(contentsOf: URL(filePath: path)))
  }

  func write(_ path: String) throws {
    let bytes = try JSONEncoder().encode(self)
    guard
      FileManager.default.createFile(
        atPath: path, contents: bytes, attributes: [.posixPermissions: 0o600])
    else { throw CommandFailure("\(path): cannot be written; make room, or set TMPDIR") }
  }
}

/// A line that a worker writes for whoever measures.
enum HollowLine: Equatable {
  /// An agent's note: which node, what, and when in microseconds since 1970.
  case note(node: Int, HollowNote, at: Int64)
  /// What a worker has counted since its start.
  case figures(HollowFigures)

  /// One line without its line feed.
  var text: String {
    switch self {
    case .note(let node, let note, let at): "note \(node) \(note.text) \(at)"
    case .figures(let figures):
      "figures \(figures.beats) \(figures.lateBeats) \(figures.sentBytes) "
        + "\(figures.receivedBytes)"
    }
  }

  /// Reads a line; nil for any other.
  init?(_ text: some StringProtocol) {
    let words = text.split(separator: " ")
    switch words.first {
    case "note" where words.count == 4:
      guard let node = Int(words[1]), let note = HollowNote(String(words[2])),
        let at = Int64(words[3])
      else { return nil }
      self = .note(node: node, note, at: at)
    case "figures" where words.count == 5:
      let numbers = words.dropFirst().compactMap { UInt64($0) }
      guard numbers.count == 4 else { return nil }
      self = .figures(
        HollowFigures(
          beats: numbers[0], lateBeats: numbers[1], sentBytes: numbers[2],
          receivedBytes: numbers[3]))
    default: return nil
    }
  }
}

/// What an agent's note says, in one word.
enum HollowNote: Equatable {
  case online
  case lost
  case accepted(String)
  case applied(String)

  init(_ note: HollowAgent.Note) {
    switch note {
    case .online: self = .online
    case .lost: self = .lost
    case .accepted(let generation): self = .accepted("\(generation)")
    case .applied(let generation): self = .applied("\(generation)")
    }
  }

  init?(_ text: String) {
    let parts = text.split(separator: ":")
    switch (parts.first, parts.count) {
    case ("online", 1): self = .online
    case ("lost", 1): self = .lost
    case ("accepted", 2): self = .accepted(String(parts[1]))
    case ("applied", 2): self = .applied(String(parts[1]))
    default: return nil
    }
  }

  var text: String {
    switch self {
    case .online: "online"
    case .lost: "lost"
    case .accepted(let generation): "accepted:\(generation)"
    case .applied(let generation): "applied:\(generation)"
    }
  }
}

/// What a worker has counted since its start.
struct HollowFigures: Equatable {
  var beats: UInt64 = 0
  var lateBeats: UInt64 = 0
  var sentBytes: UInt64 = 0
  var receivedBytes: UInt64 = 0
}
