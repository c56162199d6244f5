import FleetProtocol

/// An input as messages in turn, each with a sound header and a body of any bytes.
///
/// The first byte says to whom and, for an agent, what it is in the middle of; each message is a
/// byte for its type, one for its circumstances, the body, and the payload where it has one.
struct FuzzedStory {
  struct Step {
    var type: MessageType
    /// Bit 0 for the second node, bit 1 for another session, bits 4 to 7 for the time before it.
    var circumstances: UInt8
    var body: [UInt8]
    var payload: [UInt8]?

    var milliseconds: Int64 {
      [0, 0, 0, 0, 0, 1, 10, 250, 1_000, 3_000, 5_001, 6_000, 11_000, 31_000, 61_000, 86_400_000][
        Int(circumstances >> 4)]
    }
  }

  private static let stepsMax = 24

  var direction: WireDirection
  var stage: FuzzedAgent.Stage
  var steps: [Step] = []

  init(to stage: FuzzedAgent.Stage) { (direction, self.stage) = (.down, stage) }

  init() { (direction, stage) = (.up, .welcomed) }

  /// Nil for an input that has no first byte.
  init?(_ bytes: [UInt8]) {
    var reader = FuzzedBytes(bytes)
    guard let first = reader.byte() else { return nil }
    direction = first & 1 == 0 ? .up : .down
    stage = FuzzedAgent.Stage(rawValue: first >> 1 & 3) ?? .welcomed
    let types = Self.types(direction)
    while let number = reader.byte(), let circumstances = reader.byte(),
      steps.count < Self.stepsMax
    {
      let type = types[Int(number) % types.count]
      let body = reader.block()
      let payload = type.rule.payloadBytesMax.map { _ in reader.block() }
      steps.append(
        Step(type: type, circumstances: circumstances, body: body, payload: payload))
    }
  }

  mutating func tell(_ message: Message, _ payload: [UInt8]? = nil, circumstances: UInt8 = 0) {
    steps.append(
      Step(
        type: message.type, circumstances: circumstances, body: message.encodedBody(),
        payload: payload))
  }

  var encoded: [UInt8] {
    let types = Self.types(direction)
    var bytes = [(direction == .up ? 0 : 1) | stage.rawValue << 1]
    for step in steps {
      guard let number = types.firstIndex(of: step.type) else {
        preconditionFailure("\(step.type) goes the other way")
      }
      bytes += [UInt8(number), step.circumstances] + FuzzedBytes.block(step.body)
      if let payload = step.payload { bytes += FuzzedBytes.block(payload) }
    }
    return bytes
  }

  private static func types(_ direction: WireDirection) -> [MessageType] {
    MessageType.allCases.filter { $0.rule.direction == direction }
  }
}
