/// The fixed 40-byte first frame of every message, little-endian.
///
/// Offsets: 0 magic `SPKF`, 4 version, 5 type, 6 flags (zero), 8 session, 16 sequence,
/// 24 correlation, 32 deadline in milliseconds from receipt, 36 reserved (zero).
package struct FrameHeader: Sendable, Equatable {
  /// Bytes of an encoded header.
  package static let byteCount = 40
  private static let magic: [UInt8] = [0x53, 0x50, 0x4B, 0x46]

  /// Protocol version of the session.
  package var version: UInt8
  /// Raw message type; unknown values are answered with UNSUPPORTED.
  package var type: UInt8
  /// Session number given by WELCOME's header, 0 before it.
  package var session: UInt64
  /// Position in this sender's stream of the session.
  package var sequence: UInt64
  /// Sequence of the message that this one answers, 0 for none.
  package var correlation: UInt64
  /// Milliseconds from receipt after which the message is void, 0 for none.
  package var deadlineMilliseconds: UInt32

  /// A header, of the newest version where no other is named.
  package init(
    type: MessageType, version: UInt8 = UInt8(Limits.protocolVersion), session: UInt64,
    sequence: UInt64, correlation: UInt64 = 0, deadlineMilliseconds: UInt32 = 0
  ) {
    self.version = version
    self.type = type.rawValue
    self.session = session
    self.sequence = sequence
    self.correlation = correlation
    self.deadlineMilliseconds = deadlineMilliseconds
  }

  /// Reads a header; throws before any allocation.
  package init(reading bytes: [UInt8]) throws(FrameRefusal) {
    guard bytes.count == Self.byteCount else {
      throw .headerSize(found: bytes.count)
    }
    guard bytes[0..<4].elementsEqual(Self.magic) else { throw .magic }
    guard (Limits.protocolVersionMin...Limits.protocolVersion).contains(UInt32(bytes[4])) else {
      throw .version(found: bytes[4])
    }
    guard bytes[6] == 0, bytes[7] == 0, bytes[36..<40].allSatisfy({ $0 == 0 }) else {
      throw .reservedBits
    }
    version = bytes[4]
    type = bytes[5]
    session = Self.load(bytes, 8, 8)
    sequence = Self.load(bytes, 16, 8)
    correlation = Self.load(bytes, 24, 8)
    deadlineMilliseconds = UInt32(truncatingIfNeeded: Self.load(bytes, 32, 4))
  }

  /// The 40 bytes.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.reserveCapacity(Self.byteCount)
    bytes += [version, type, 0, 0]
    Self.store(session, 8, into: &bytes)
    Self.store(sequence, 8, into: &bytes)
    Self.store(correlation, 8, into: &bytes)
    Self.store(UInt64(deadlineMilliseconds), 4, into: &bytes)
    bytes += [0, 0, 0, 0]
    return bytes
  }

  private static func load(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in stride(from: count - 1, through: 0, by: -1) {
      value = value << 8 | UInt64(bytes[offset + index])
    }
    return value
  }

  private static func store(_ value: UInt64, _ count: Int, into bytes: inout [UInt8]) {
    for index in 0..<count {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))))
    }
  }
}

/// Why a set of frames is not a message.
///
/// Each refusal is counted by its code.
package enum FrameRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  case frameCount(found: Int, expected: Int)
  case headerSize(found: Int)
  case magic
  case version(found: UInt8)
  case reservedBits
  case unknownType(UInt8)
  case wrongEndpoint(MessageType)
  case wrongDirection(MessageType)
  case bodySize(MessageType, found: Int, limit: Int)
  case payloadSize(MessageType, found: Int, limit: Int)
  case body(MessageType)

  /// Stable name, used as the counter's label.
  package var code: String {
    switch self {
    case .frameCount: "frame-count"
    case .headerSize: "header-size"
    case .magic: "magic"
    case .version: "version"
    case .reservedBits: "reserved-bits"
    case .unknownType: "unknown-type"
    case .wrongEndpoint: "wrong-endpoint"
    case .wrongDirection: "wrong-direction"
    case .bodySize: "body-size"
    case .payloadSize: "payload-size"
    case .body: "body"
    }
  }

  package var description: String {
    switch self {
    case .frameCount(let found, let expected):
      "\(code): \(found) frames, expected \(expected)"
    case .headerSize(let found):
      "\(code): \(found) bytes, expected \(FrameHeader.byteCount)"
    case .magic: "\(code): the first four bytes are not SPKF"
    case .version(let found):
      "\(code): version \(found), this build speaks \(Limits.protocolVersionMin) to "
        + "\(Limits.protocolVersion)"
    case .reservedBits: "\(code): reserved bytes are not zero"
    case .unknownType(let type): "\(code): type \(type)"
    case .wrongEndpoint(let type): "\(code): \(type) does not belong here"
    case .wrongDirection(let type): "\(code): \(type) is not sent by this side"
    case .bodySize(let type, let found, let limit):
      "\(code): \(type) body of \(found) bytes, limit \(limit)"
    case .payloadSize(let type, let found, let limit):
      "\(code): \(type) payload of \(found) bytes, limit \(limit)"
    case .body(let type): "\(code): \(type) body is not valid protobuf"
    }
  }
}
