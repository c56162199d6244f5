package import SwiftProtobuf

/// What a signed payload is; part of what is signed, so that one kind never passes for another.
package enum DocumentType: String, Sendable, CaseIterable {
  /// The keys a node trusts.
  case root = "application/vnd.spikefleet.root.v1"
  /// Facts about a compiled model.
  case manifest = "application/vnd.spikefleet.manifest.v1"
  /// One node's orders.
  case order = "application/vnd.spikefleet.order.v1"
  /// A sign of life of the coordinator, the same for all nodes.
  case timestamp = "application/vnd.spikefleet.timestamp.v1"
}

/// A payload with its signatures, as an `Envelope` message.
///
/// Signed are the bytes `DSSEv1 <type length> <type> <payload length> <payload>` (DSSE's
/// pre-authentication encoding), over the payload exactly as it is carried.
package enum SignedDocument {
  /// Largest envelope in bytes; the largest manifest has one digest for each of 16,384 chunks.
  package static let bytesMax = 1 << 20
  /// Signatures that one envelope may carry.
  package static let signaturesMax = 16

  /// The envelope's bytes.
  ///
  /// A failure of the library is a broken key and traps.
  package static func sign(
    _ payload: [UInt8], as type: DocumentType, with keys: [SigningKey]
  ) -> [UInt8] {
    var envelope = WireEnvelope()
    envelope.payloadType = type.rawValue
    envelope.payload = wireBytes(payload)
    add(keys, to: &envelope)
    return encoded(envelope)
  }

  /// The envelope with more signatures over the payload that it carries, which stays as it is.
  ///
  /// A key that signed before signs anew, once.
  package static func countersign(
    _ bytes: [UInt8], as type: DocumentType, with keys: [SigningKey]
  ) throws(TrustError) -> [UInt8] {
    var envelope = try open(bytes, as: type)
    envelope.signatures.removeAll { old in keys.contains { old.keyID.elementsEqual($0.id) } }
    let count = envelope.signatures.count + keys.count
    guard count <= signaturesMax else {
      throw .signatureCount(found: count, limit: signaturesMax)
    }
    add(keys, to: &envelope)
    return encoded(envelope)
  }

  /// The ids of the keys that an envelope claims to be signed by, in its order; nothing is checked.
  package static func claimedSigners(of bytes: [UInt8]) -> [[UInt8]] {
    do {
      return try WireEnvelope(serializedBytes: bytes).signatures.map { [UInt8]($0.keyID) }
    } catch {
      return []
    }
  }

  private static func add(_ keys: [SigningKey], to envelope: inout WireEnvelope) {
    let message = preAuthenticationEncoding(
      type: envelope.payloadType, payload: [UInt8](envelope.payload))
    for key in keys {
      guard let bytes = key.signature(of: message) else {
        preconditionFailure("\(key) does not sign")
      }
      var signature = WireEnvelopeSignature()
      signature.keyID = wireBytes(key.id)
      signature.signature = wireBytes(bytes)
      envelope.signatures.append(signature)
    }
  }

  /// The protobuf bytes of a document's body, to be signed.
  package static func encoded(_ message: some SwiftProtobuf.Message) -> [UInt8] {
    do {
      return try message.serializedBytes()
    } catch {
      // Serialisation only fails on missing required fields, which proto3 does not have.
      preconditionFailure("a document does not serialise: \(error)")
    }
  }

  /// The payload of an envelope whose signatures were checked, or made, by the caller.
  ///
  /// Empty when the bytes are no envelope.
  package static func payload(of bytes: [UInt8]) -> [UInt8] {
    do {
      return [UInt8](try WireEnvelope(serializedBytes: bytes).payload)
    } catch {
      return []
    }
  }

  static func open(_ bytes: [UInt8], as type: DocumentType) throws(TrustError) -> WireEnvelope {
    guard bytes.count <= bytesMax else {
      throw .size(found: bytes.count, limit: bytesMax)
    }
    let envelope: WireEnvelope
    do {
      envelope = try WireEnvelope(serializedBytes: bytes)
    } catch {
      throw .envelope
    }
    guard envelope.payloadType == type.rawValue else {
      throw .type(found: String(envelope.payloadType.prefix(80)), expected: type.rawValue)
    }
    guard envelope.signatures.count <= signaturesMax else {
      throw .signatureCount(found: envelope.signatures.count, limit: signaturesMax)
    }
    return envelope
  }

  /// Which of these keys signed the envelope; a key that signed twice counts once.
  static func signers(of envelope: WireEnvelope, among keys: [[UInt8]]) -> [[UInt8]] {
    let message = preAuthenticationEncoding(
      type: envelope.payloadType, payload: [UInt8](envelope.payload))
    return keys.filter { key in
      let id = SigningKey.id(of: key)
      return envelope.signatures.contains { signature in
        signature.keyID.elementsEqual(id)
          && SigningKey.isValid([UInt8](signature.signature), of: message, by: key)
      }
    }
  }

  static func preAuthenticationEncoding(type: String, payload: [UInt8]) -> [UInt8] {
    Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
  }
}
