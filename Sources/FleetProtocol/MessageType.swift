/// The two doors of a coordinator.
///
/// Small and urgent traffic never queues behind bulk.
package enum WireEndpoint: String, Sendable, CaseIterable {
  /// Sessions, desired state and round offers.
  case control
  /// Chunks down; updates and telemetry up.
  case data
}

/// Who may send a message.
package enum WireDirection: Sendable {
  /// From an agent to the coordinator.
  case up
  /// From the coordinator to an agent.
  case down
}

/// The closed list of messages, by the byte that stands for them in the frame header.
package enum MessageType: UInt8, Sendable, CaseIterable {
  case hello = 1
  case heartbeat = 2
  case desiredAccepted = 3
  case observedState = 4
  case roundAnswer = 5
  case goodbye = 6
  case agentReport = 7
  case nodeNotices = 8
  case welcome = 16
  case busy = 17
  case reset = 18
  case heartbeatReply = 19
  case desiredState = 20
  case roundOffer = 21
  case roundVerdict = 22
  case unsupported = 23
  case refused = 24
  case agentQuery = 25
  case rootChain = 26
  case noticesAcknowledged = 27
  case blobRequest = 32
  case updateAnnounce = 33
  case updateChunk = 34
  case telemetryBatch = 35
  case blobChunk = 48
  case blobMissing = 49
  case updateWanted = 50
  case telemetryAcknowledged = 51

  /// The limits of this type: its door, its sender and the largest body and payload in bytes.
  package var rule: MessageRule {
    switch self {
    case .hello, .heartbeat, .agentReport, .nodeNotices:
      MessageRule(endpoint: .control, direction: .up, bodyBytesMax: 16_384)
    case .desiredAccepted, .goodbye, .roundAnswer, .observedState:
      MessageRule(endpoint: .control, direction: .up, bodyBytesMax: 4_096)
    case .welcome, .busy, .reset, .heartbeatReply, .roundVerdict, .unsupported, .refused,
      .agentQuery, .noticesAcknowledged:
      MessageRule(endpoint: .control, direction: .down, bodyBytesMax: 4_096)
    case .desiredState, .roundOffer, .rootChain:
      MessageRule(endpoint: .control, direction: .down, bodyBytesMax: 65_536)
    case .blobRequest, .updateAnnounce:
      MessageRule(endpoint: .data, direction: .up, bodyBytesMax: 4_096)
    case .updateChunk:
      MessageRule(
        endpoint: .data, direction: .up, bodyBytesMax: 4_096, payloadBytesMax: Limits.chunkBytes)
    case .telemetryBatch:
      MessageRule(
        endpoint: .data, direction: .up, bodyBytesMax: 4_096,
        payloadBytesMax: Limits.telemetryPayloadBytesMax)
    case .blobChunk:
      MessageRule(
        endpoint: .data, direction: .down, bodyBytesMax: 4_096, payloadBytesMax: Limits.chunkBytes)
    case .blobMissing, .updateWanted, .telemetryAcknowledged:
      MessageRule(endpoint: .data, direction: .down, bodyBytesMax: 4_096)
    }
  }
}

/// What one message type may look like on the wire.
package struct MessageRule: Sendable, Equatable {
  /// The only endpoint that carries the type.
  package var endpoint: WireEndpoint
  /// The only side that sends the type.
  package var direction: WireDirection
  /// Largest protobuf body in bytes.
  package var bodyBytesMax: Int
  /// Largest raw payload in bytes; nil where the type carries none and has exactly two frames.
  package var payloadBytesMax: Int?
}
