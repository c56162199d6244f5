import FleetProtocol

/// An input as the frames of one message: two bits of the first byte say who sends it and where;
/// then each frame comes after its length in two bytes, little-endian.
struct FuzzedFrames {
  /// One more than the transport copies for a core.
  private static let framesMax = 5

  var direction: WireDirection
  var endpoint: WireEndpoint
  var frames: [[UInt8]]

  init(_ packet: Packet) {
    direction = packet.message.type.rule.direction
    endpoint = packet.message.type.rule.endpoint
    frames = packet.frames()
  }

  /// Nil for an input that has no first byte.
  init?(_ bytes: [UInt8]) {
    var reader = FuzzedBytes(bytes)
    guard let first = reader.byte() else { return nil }
    direction = first & 1 == 0 ? .up : .down
    endpoint = first & 2 == 0 ? .control : .data
    frames = []
    while !reader.isEmpty, frames.count < Self.framesMax { frames.append(reader.block()) }
  }

  var encoded: [UInt8] {
    [(direction == .up ? 0 : 1) | (endpoint == .control ? 0 : 2)]
      + frames.flatMap(FuzzedBytes.block)
  }
}

/// An input, taken from its front; where it ends early, what there is counts.
struct FuzzedBytes {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isEmpty: Bool { rest.isEmpty }

  mutating func byte() -> UInt8? { rest.popFirst() }

  /// Bytes after their length.
  mutating func block() -> [UInt8] {
    let count = Int(byte() ?? 0) | Int(byte() ?? 0) << 8
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  static func block(_ bytes: [UInt8]) -> [UInt8] {
    precondition(bytes.count < 65_536, "a length has two bytes")
    return [UInt8(bytes.count & 255), UInt8(bytes.count >> 8)] + bytes
  }
}
