package import Foundation
import SwiftProtobuf

/// A message body, one case for each type of the protocol.
package enum Message: Sendable, Equatable {
  case hello(WireHello)
  case heartbeat(WireHeartbeat)
  case desiredAccepted(WireDesiredAccepted)
  case observedState(WireObservedState)
  case roundAnswer(WireRoundAnswer)
  case goodbye(WireGoodbye)
  case agentReport(WireAgentReport)
  case agentQuery(WireAgentQuery)
  case nodeNotices(WireNodeNotices)
  case welcome(WireWelcome)
  case busy(WireBusy)
  case reset(WireReset)
  case heartbeatReply(WireHeartbeatReply)
  case desiredState(WireDesiredState)
  case roundOffer(WireRoundOffer)
  case roundVerdict(WireRoundVerdict)
  case unsupported(WireUnsupported)
  case refused(WireRefused)
  case rootChain(WireRootChain)
  case noticesAcknowledged(WireNoticesAcknowledged)
  case blobRequest(WireBlobRequest)
  case updateAnnounce(WireUpdateAnnounce)
  case updateChunk(WireUpdateChunk)
  case telemetryBatch(WireTelemetryBatch)
  case blobChunk(WireBlobChunk)
  case blobMissing(WireBlobMissing)
  case updateWanted(WireUpdateWanted)
  case telemetryAcknowledged(WireTelemetryAcknowledged)

  /// The byte that stands for this message on the wire.
  package var type: MessageType {
    switch self {
    case .hello: .hello
    case .heartbeat: .heartbeat
    case .desiredAccepted: .desiredAccepted
    case .observedState: .observedState
    case .roundAnswer: .roundAnswer
    case .goodbye: .goodbye
    case .agentReport: .agentReport
    case .agentQuery: .agentQuery
    case .nodeNotices: .nodeNotices
    case .welcome: .welcome
    case .busy: .busy
    case .reset: .reset
    case .heartbeatReply: .heartbeatReply
    case .desiredState: .desiredState
    case .roundOffer: .roundOffer
    case .roundVerdict: .roundVerdict
    case .unsupported: .unsupported
    case .refused: .refused
    case .rootChain: .rootChain
    case .noticesAcknowledged: .noticesAcknowledged
    case .blobRequest: .blobRequest
    case .updateAnnounce: .updateAnnounce
    case .updateChunk: .updateChunk
    case .telemetryBatch: .telemetryBatch
    case .blobChunk: .blobChunk
    case .blobMissing: .blobMissing
    case .updateWanted: .updateWanted
    case .telemetryAcknowledged: .telemetryAcknowledged
    }
  }

  /// Reads a body of the given type; the caller has checked its size.
  package init(type: MessageType, body: [UInt8]) throws(FrameRefusal) {
    do {
      self =
        switch type {
        case .hello: try .hello(WireHello(serializedBytes: body))
        case .heartbeat: try .heartbeat(WireHeartbeat(serializedBytes: body))
        case .desiredAccepted: try .desiredAccepted(WireDesiredAccepted(serializedBytes: body))
        case .observedState: try .observedState(WireObservedState(serializedBytes: body))
        case .roundAnswer: try .roundAnswer(WireRoundAnswer(serializedBytes: body))
        case .goodbye: try .goodbye(WireGoodbye(serializedBytes: body))
        case .agentReport: try .agentReport(WireAgentReport(serializedBytes: body))
        case .agentQuery: try .agentQuery(WireAgentQuery(serializedBytes: body))
        case .nodeNotices: try .nodeNotices(WireNodeNotices(serializedBytes: body))
        case .welcome: try .welcome(WireWelcome(serializedBytes: body))
        case .busy: try .busy(WireBusy(serializedBytes: body))
        case .reset: try .reset(WireReset(serializedBytes: body))
        case .heartbeatReply: try .heartbeatReply(WireHeartbeatReply(serializedBytes: body))
        case .desiredState: try .desiredState(WireDesiredState(serializedBytes: body))
        case .roundOffer: try .roundOffer(WireRoundOffer(serializedBytes: body))
        case .roundVerdict: try .roundVerdict(WireRoundVerdict(serializedBytes: body))
        case .unsupported: try .unsupported(WireUnsupported(serializedBytes: body))
        case .refused: try .refused(WireRefused(serializedBytes: body))
        case .rootChain: try .rootChain(WireRootChain(serializedBytes: body))
        case .noticesAcknowledged:
          try .noticesAcknowledged(WireNoticesAcknowledged(serializedBytes: body))
        case .blobRequest: try .blobRequest(WireBlobRequest(serializedBytes: body))
        case .updateAnnounce: try .updateAnnounce(WireUpdateAnnounce(serializedBytes: body))
        case .updateChunk: try .updateChunk(WireUpdateChunk(serializedBytes: body))
        case .telemetryBatch: try .telemetryBatch(WireTelemetryBatch(serializedBytes: body))
        case .blobChunk: try .blobChunk(WireBlobChunk(serializedBytes: body))
        case .blobMissing: try .blobMissing(WireBlobMissing(serializedBytes: body))
        case .updateWanted: try .updateWanted(WireUpdateWanted(serializedBytes: body))
        case .telemetryAcknowledged:
          try .telemetryAcknowledged(WireTelemetryAcknowledged(serializedBytes: body))
        }
    } catch {
      throw .body(type)
    }
  }

  /// The protobuf bytes.
  package func encodedBody() -> [UInt8] {
    let body: any SwiftProtobuf.Message
    switch self {
    case .hello(let message): body = message
    case .heartbeat(let message): body = message
    case .desiredAccepted(let message): body = message
    case .observedState(let message): body = message
    case .roundAnswer(let message): body = message
    case .goodbye(let message): body = message
    case .agentReport(let message): body = message
    case .agentQuery(let message): body = message
    case .nodeNotices(let message): body = message
    case .welcome(let message): body = message
    case .busy(let message): body = message
    case .reset(let message): body = message
    case .heartbeatReply(let message): body = message
    case .desiredState(let message): body = message
    case .roundOffer(let message): body = message
    case .roundVerdict(let message): body = message
    case .unsupported(let message): body = message
    case .refused(let message): body = message
    case .rootChain(let message): body = message
    case .noticesAcknowledged(let message): body = message
    case .blobRequest(let message): body = message
    case .updateAnnounce(let message): body = message
    case .updateChunk(let message): body = message
    case .telemetryBatch(let message): body = message
    case .blobChunk(let message): body = message
    case .blobMissing(let message): body = message
    case .updateWanted(let message): body = message
    case .telemetryAcknowledged(let message): body = message
    }
    do {
      return try body.serializedBytes()
    } catch {
      // Serialisation only fails on missing required fields, which proto3 does not have.
      preconditionFailure("body of \(type) does not serialise: \(error)")
    }
  }
}

/// Bytes in the form that generated messages hold them.
package func wireBytes(_ bytes: some Sequence<UInt8>) -> Data { Data(bytes) }
