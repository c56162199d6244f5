import FleetProtocol

extension CoordinatorCore {
  /// Nodes that new work may be given to, in node order.
  var openForWork: [Identifier] {
    state.nodes.values.filter(\.terms.takesWork).map(\.id).sorted()
  }

  /// Nodes that are named for new work must take it.
  func checkDuty(of nodes: [Identifier]) throws(CommandRefusal) {
    for node in nodes {
      guard let terms = state.nodes[node]?.terms, !terms.takesWork else { continue }
      if terms.revokedAt != nil {
        throw CommandRefusal(
          "revoked",
          "'\(node)' is revoked; leave it out, or give its name new hardware with "
            + "`node replace`")
      }
      throw CommandRefusal(
        terms.duty.rawValue,
        "'\(node)' is \(terms.duty.rawValue) and takes no new work; leave it "
          + "out, or `node uncordon` it")
    }
  }

  /// Binds a key to a name; another key of a node that is offline takes the place of its own.
  func acceptNode(
    publicKey: String, name: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let id = Identifier(name) else {
      throw CommandRefusal(
        "node-name",
        "'\(name.prefix(80))' is not a name; use a-z, 0-9, '.', '_' and '-', at most 63 of them")
    }
    guard Self.isPublicKey(publicKey) else {
      throw CommandRefusal(
        "public-key", "a CURVE public key has 40 Z85 characters; copy it from `node list`")
    }
    if state.barredKeys[publicKey]?.reason == .retired {
      throw CommandRefusal(
        "retired-key", "this key was revoked or replaced and never comes back; make a new one")
    }
    let freed: [FleetChange] = state.barredKeys[publicKey] == nil ? [] : [.keyFreed(publicKey)]
    if let owner = owner(of: publicKey), owner != id {
      throw CommandRefusal(
        "duplicate-key", "this key already belongs to '\(owner)'; each node needs its own key")
    }
    guard var record = state.nodes[id] else {
      let node = NodeRecord(id: id, publicKey: publicKey, acceptedAt: now)
      let event = FleetEvent(id, "node.accepted", "key accepted", at: now)
      return CommandDecision(
        changes: freed + [.nodeAccepted(node), .event(event)], answer: id.text)
    }
    guard record.terms.revokedAt == nil else {
      throw CommandRefusal(
        "revoked", "'\(id)' is revoked; `node replace` gives its name new hardware")
    }
    if record.publicKey == publicKey { return CommandDecision(changes: [], answer: id.text) }
    // A connection keeps the name that its key had, so two keys of one node would look alike.
    if let session = sessions[id], session.liveness != .offline {
      throw CommandRefusal(
        "duplicate-name",
        "'\(id)' is online with another key; choose another name, or stop that agent and accept"
          + " again to replace its key")
    }
    record.publicKey = publicKey
    record.acceptedAt = now
    let event = FleetEvent(id, "node.key-replaced", "another key was accepted", at: now)
    return CommandDecision(
      changes: freed + [.nodeAccepted(record), .event(event)], answer: id.text)
  }

  /// The node that a key is, or was last, good for.
  func owner(of publicKey: String) -> Identifier? {
    state.nodes.values.first {
      $0.publicKey == publicKey || $0.terms.nextKey == publicKey
    }?.id
  }

  /// The alphabet of ZeroMQ's Z85, RFC 32.
  static func isPublicKey(_ text: String) -> Bool {
    let others = Array(".-:+=^!/*?&<>()[]{}@%$#".utf8)
    return text.utf8.count == 40
      && text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x61...0x7A).contains(byte) || others.contains(byte)
      }
  }
}
