import FleetProtocol
import Foundation
import ZeroMQTransport

/// What a transport reported, for a test to wait on.
///
/// Waiting takes the events in order, so that each is looked at once.
final class EventQueue<Event: Sendable>: Sendable {
  /// How long anything on this machine may take; only a failure waits that long.
  private static var patienceSeconds: Double { 20 }

  private let condition = NSCondition()
  nonisolated(unsafe) private var events: [Event] = []
  // Touched only while the condition is held.

  func put(_ event: Event) {
    condition.lock()
    events.append(event)
    condition.signal()
    condition.unlock()
  }

  /// The first event that the closure turns into a value; those before it are dropped.
  func first<Value>(_ what: String, _ match: (Event) -> Value?) throws -> Value {
    let deadline = Date(timeIntervalSinceNow: Self.patienceSeconds)
    var seen: [Event] = []
    condition.lock()
    defer { condition.unlock() }
    while true {
      while !events.isEmpty {
        let event = events.removeFirst()
        if let value = match(event) { return value }
        if seen.count < 20 { seen.append(event) }
      }
      guard condition.wait(until: deadline) else { throw Missing(what: what, seen: "\(seen)") }
    }
  }

  /// Everything reported and not yet looked at.
  func drain() -> [Event] {
    condition.lock()
    defer { condition.unlock() }
    let all = events
    events = []
    return all
  }

  /// No event came in time.
  struct Missing: Error, CustomStringConvertible {
    let what: String
    let seen: String

    var description: String { "no \(what) came; seen instead: \(seen.prefix(2_000))" }
  }
}

extension EventQueue where Event == TransportEvent {
  /// The next whole message, whatever was reported before it.
  func message() throws -> (peer: PeerAddress, userID: String, frames: [[UInt8]]) {
    try first("message") { event in
      guard case .received(_, let peer, let userID, let frames) = event else { return nil }
      return (peer, userID, frames)
    }
  }
}

extension EventQueue where Event == AgentTransportEvent {
  func connected(_ endpoint: WireEndpoint) throws {
    try first("connection of \(endpoint)") { $0 == .connected(endpoint) ? () : nil }
  }

  func disconnected(_ endpoint: WireEndpoint) throws -> DisconnectReason {
    try first("end of \(endpoint)") { event in
      guard case .disconnected(endpoint, let reason) = event else { return nil }
      return reason
    }
  }

  func message() throws -> [[UInt8]] {
    try first("message") { event in
      if case .received(_, let frames) = event { frames } else { nil }
    }
  }
}
