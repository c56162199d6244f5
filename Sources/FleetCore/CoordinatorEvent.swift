package import FleetProtocol

/// Where an answer goes: an opaque routing id on one of the two endpoints.
///
/// Never an identity.
package struct ReplyAddress: Sendable, Hashable {
  /// The endpoint that owns the routing id.
  package var endpoint: WireEndpoint
  /// The transport's routing id.
  package var routingID: [UInt8]

  /// An address on an endpoint.
  package init(endpoint: WireEndpoint, routingID: [UInt8]) {
    self.endpoint = endpoint
    self.routingID = routingID
  }
}

/// Everything that can happen to a coordinator.
package enum CoordinatorEvent: Sendable {
  /// The signed root file that the process was given; told before `started`.
  case rootFile([UInt8])
  /// A timestamp document that was asked for.
  case timestampSigned([UInt8])
  /// The state was loaded; unfinished rounds go on.
  case started
  /// Time has passed; the shell sends one every `CoordinatorSettings.tickMilliseconds`.
  case tick
  /// Frames arrived; `user` is the `PeerIdentity` that the ZAP handler bound to the connection.
  case received(ReplyAddress, user: String, frames: [[UInt8]])
  /// The transport refused to copy a message of that many frames.
  case malformed(ReplyAddress, user: String, frameCount: Int)
  /// A peer takes nothing off its queue, which is full: a message to it was given up.
  case blocked(ReplyAddress)
  /// An operator's command; a repeated request id gets the stored answer.
  case command(Command, requestID: String, actor: String = AdminHolder.bootstrap.actor)
  /// Somebody asked for what changes nothing but has to be on record, such as a backup.
  case asked(action: String, requestID: String, actor: String)
  /// A token of the admin endpoint was good for a request.
  case adminTokenUsed(Identifier)
  /// The admin endpoint turned a request away.
  case adminRefused(AdminRefusal)
  /// The enrolment process took this in from a stranger.
  case enrolment(EnrolmentRequest)
  /// An operator asks what an agent says of itself; `answerQuery` follows, now or later.
  case query(Identifier, WireAgentQueryKind, limit: UInt32, id: UInt64)
  /// A complete upload was stored, hashed and validated, or refused.
  case uploadChecked(UploadKey, UploadOutcome)
  /// A sealed round was aggregated and checked.
  case aggregated(RoundKey, AggregationOutcome)
  /// A wave's telemetry was held against its bounds.
  case assessed(AssessmentKey, AssessmentOutcome)
}

/// Names one node's upload of one update.
package struct UploadKey: Sendable, Hashable {
  /// The round.
  package var round: RoundKey
  /// The node.
  package var node: Identifier

  /// An upload of a node for a round.
  package init(round: RoundKey, node: Identifier) {
    self.round = round
    self.node = node
  }

  /// A name made of identifiers and numbers only, fit for a staging file.
  package var name: String { "\(round.job).\(round.round).\(round.attempt).\(node)" }
}

/// What came of an upload.
package enum UploadOutcome: Sendable, Equatable {
  /// On the disk under its digest, fsynced, and within every bound.
  case valid
  /// Refused for good, with the validator's code.
  case refused(code: String, detail: String)
  /// The disk or the blob failed, under a check or under bytes that still come; nothing is decided
  /// and the node will announce it again.
  case unreadable(detail: String)
}

/// What came of aggregating a sealed set.
package enum AggregationOutcome: Sendable, Equatable {
  /// The model and what the strategy keeps are stored; accuracy in percent on held-out data, nil
  /// without such data, and that of the base where the order asks for it; updates of nodes that are
  /// left out counted for nothing.
  case made(
    ModelRecord, accuracy: Double?, baseAccuracy: Double? = nil, state: ContentDigest? = nil,
    leftOut: [Identifier] = [])
  /// The rule refused the set.
  case refused(code: String, detail: String)
  /// The disk failed; nothing is decided and the same set is asked for again.
  case unavailable(detail: String)
}
