/// One whole message: header, body, and the raw payload where the type carries one.
package struct Packet: Sendable, Equatable {
  /// Fixed fields of the first frame.
  package var header: FrameHeader
  /// The decoded second frame.
  package var message: Message
  /// The third frame, only for types whose rule allows one.
  package var payload: [UInt8]?

  /// Puts a message together; the payload must fit the type's rule.
  package init(
    _ message: Message, version: UInt8 = UInt8(Limits.protocolVersion), session: UInt64,
    sequence: UInt64, correlation: UInt64 = 0, deadlineMilliseconds: UInt32 = 0,
    payload: [UInt8]? = nil
  ) {
    precondition(
      (payload != nil) == (message.type.rule.payloadBytesMax != nil),
      "\(message.type) payload presence does not match its rule")
    header = FrameHeader(
      type: message.type, version: version, session: session, sequence: sequence,
      correlation: correlation, deadlineMilliseconds: deadlineMilliseconds)
    self.message = message
    self.payload = payload
  }

  /// Takes frames apart: count, sizes, door and sender are checked before anything is decoded.
  package init(
    frames: [[UInt8]], endpoint: WireEndpoint, direction: WireDirection
  ) throws(FrameRefusal) {
    guard let first = frames.first else { throw .frameCount(found: 0, expected: 2) }
    let header = try FrameHeader(reading: first)
    guard let type = MessageType(rawValue: header.type) else {
      throw .unknownType(header.type)
    }
    let rule = type.rule
    guard rule.endpoint == endpoint else { throw .wrongEndpoint(type) }
    guard rule.direction == direction else { throw .wrongDirection(type) }
    let expected = rule.payloadBytesMax == nil ? 2 : 3
    guard frames.count == expected else {
      throw .frameCount(found: frames.count, expected: expected)
    }
    guard frames[1].count <= rule.bodyBytesMax else {
      throw .bodySize(type, found: frames[1].count, limit: rule.bodyBytesMax)
    }
    if let limit = rule.payloadBytesMax, frames[2].count > limit {
      throw .payloadSize(type, found: frames[2].count, limit: limit)
    }
    self.header = header
    message = try Message(type: type, body: frames[1])
    payload = expected == 3 ? frames[2] : nil
  }

  /// The frames in order: header, body, payload.
  package func frames() -> [[UInt8]] {
    let first = [header.encoded(), message.encodedBody()]
    guard let payload else { return first }
    return first + [payload]
  }
}
