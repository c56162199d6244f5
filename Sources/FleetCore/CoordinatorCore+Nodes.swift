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

  /// Binds a key to a new name; one that exists gets another key by `node replace` alone, which
  /// bars the former one.
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
        "public-key",
        "a CURVE public key has 40 Z85 characters; copy it from `node list --pending`")
    }
    if state.barredKeys[publicKey]?.reason == .retired {
      throw CommandRefusal(
        "retired-key", "this key was revoked or replaced and never comes back; make a new one")
    }
    if let owner = owner(of: publicKey), owner != id {
      throw CommandRefusal(
        "duplicate-key", "this key already belongs to '\(owner)'; each node needs its own key")
    }
    if let record = state.nodes[id] {
      guard record.terms.revokedAt == nil else {
        throw CommandRefusal(
          "revoked", "'\(id)' is revoked; `node replace` gives its name new hardware")
      }
      guard record.admits(publicKey) else {
        throw CommandRefusal(
          "duplicate-name",
          "'\(id)' has another key; choose another name, or put this key in the place of that one, "
            + "which is then good no longer, with `node replace`")
      }
      return CommandDecision(changes: [], answer: id.text)
    }
    let freed: [FleetChange] = state.barredKeys[publicKey] == nil ? [] : [.keyFreed(publicKey)]
    let node = NodeRecord(id: id, publicKey: publicKey, acceptedAt: now)
    let event = FleetEvent(id, "node.accepted", "key accepted", at: now)
    return CommandDecision(changes: freed + [.nodeAccepted(node), .event(event)], answer: id.text)
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
