import FleetProtocol
import Testing

@Suite struct PacketTests {
  private func frames(
    _ type: MessageType, body: [UInt8] = [], payload: [UInt8]? = nil
  ) -> [[UInt8]] {
    let header = FrameHeader(type: type, session: 1, sequence: 2).encoded()
    let carried = payload ?? WireSamples.payload(type)
    return [header, body] + (carried.map { [$0] } ?? [])
  }

  private func read(_ type: MessageType, _ frames: [[UInt8]]) throws(FrameRefusal) -> Packet {
    try Packet(frames: frames, endpoint: type.rule.endpoint, direction: type.rule.direction)
  }

  @Test func `the samples hold every type once`() {
    #expect(WireSamples.messages.map(\.type) == MessageType.allCases)
  }

  @Test(arguments: WireSamples.messages)
  func `a message of each type reads back as it was written`(message: Message) throws {
    let packet = Packet(
      message, session: 3, sequence: 4, correlation: 5, deadlineMilliseconds: 6,
      payload: WireSamples.payload(message.type))
    let frames = packet.frames()
    #expect(frames.count == (packet.payload == nil ? 2 : 3))
    #expect(frames[0] == packet.header.encoded())
    #expect(try read(message.type, frames) == packet)
    #expect(try Message(type: message.type, body: message.encodedBody()) == message)
  }

  @Test(arguments: WireSamples.messages)
  func `a body cut anywhere is a message or a refusal, never a crash`(message: Message) {
    let body = message.encodedBody()
    for count in 0..<body.count {
      do {
        let packet = try read(message.type, frames(message.type, body: Array(body.prefix(count))))
        #expect(packet.message != message, "cut at \(count) of \(body.count) changed nothing")
      } catch {
        #expect(error == .body(message.type))
      }
    }
  }

  @Test(arguments: MessageType.allCases)
  func `a body may fill its limit and not one byte more`(type: MessageType) throws {
    let limit = type.rule.bodyBytesMax
    _ = try read(type, frames(type, body: WireSamples.body(of: limit)))
    #expect(throws: FrameRefusal.bodySize(type, found: limit + 1, limit: limit)) {
      try read(type, frames(type, body: WireSamples.body(of: limit + 1)))
    }
  }

  @Test(arguments: MessageType.allCases.filter { $0.rule.payloadBytesMax != nil })
  func `a payload may fill its limit and not one byte more`(type: MessageType) throws {
    let limit = try #require(type.rule.payloadBytesMax)
    let full = [UInt8](repeating: 1, count: limit)
    #expect(try read(type, frames(type, payload: full)).payload == full)
    #expect(try read(type, frames(type, payload: [])).payload == [])
    #expect(throws: FrameRefusal.payloadSize(type, found: limit + 1, limit: limit)) {
      try read(type, frames(type, payload: full + [1]))
    }
  }

  @Test(arguments: MessageType.allCases)
  func `any other number of frames is refused`(type: MessageType) {
    let right = frames(type)
    let wrong = [
      Array(right.prefix(1)), right.count == 2 ? right + [[]] : Array(right.prefix(2)),
      right + [[], []],
    ]
    for frames in wrong {
      #expect(
        throws: FrameRefusal.frameCount(found: frames.count, expected: right.count)
      ) { try read(type, frames) }
    }
    #expect(throws: FrameRefusal.frameCount(found: 0, expected: 2)) { try read(type, []) }
  }

  @Test(arguments: MessageType.allCases)
  func `the wrong door and the wrong sender are refused`(type: MessageType) {
    let rule = type.rule
    let otherDoor = rule.endpoint == .control ? WireEndpoint.data : .control
    #expect(throws: FrameRefusal.wrongEndpoint(type)) {
      try Packet(frames: frames(type), endpoint: otherDoor, direction: rule.direction)
    }
    let otherSide = rule.direction == .up ? WireDirection.down : .up
    #expect(throws: FrameRefusal.wrongDirection(type)) {
      try Packet(frames: frames(type), endpoint: rule.endpoint, direction: otherSide)
    }
  }

  @Test func `every number without a type is refused as unknown`() {
    for number in UInt8.min ... .max where MessageType(rawValue: number) == nil {
      var header = FrameHeader(type: .hello, session: 0, sequence: 0).encoded()
      header[5] = number
      #expect(throws: FrameRefusal.unknownType(number)) {
        try Packet(frames: [header, []], endpoint: .control, direction: .up)
      }
    }
  }

  @Test func `bytes that are no protobuf are refused`() {
    for type in MessageType.allCases where type != .goodbye {
      // Field 1 as a group that never ends, and a length beyond the frame.
      for body in [[0x0B], [0x7A, 0x05, 0x61]] as [[UInt8]] {
        #expect(throws: FrameRefusal.body(type)) { try read(type, frames(type, body: body)) }
      }
    }
  }

  @Test func `sizes are checked before anything is decoded`() {
    let limit = MessageType.goodbye.rule.bodyBytesMax
    let garbage = [UInt8](repeating: 0xFF, count: limit + 1)
    #expect(throws: FrameRefusal.bodySize(.goodbye, found: limit + 1, limit: limit)) {
      try read(.goodbye, frames(.goodbye, body: garbage))
    }
  }

  @Test func `no rule allows more than its endpoint's largest frame`() {
    for type in MessageType.allCases {
      let limit =
        type.rule.endpoint == .control
        ? Limits.controlFrameBytesMax : Limits.dataFrameBytesMax
      #expect(type.rule.bodyBytesMax <= limit)
      #expect((type.rule.payloadBytesMax ?? 0) <= limit)
    }
  }

  @Test func `random frames are refused or read, never a crash`() {
    var generator = SplitMix(seed: 11)
    for _ in 0..<2_000 {
      let frames = (0..<Int.random(in: 0...4, using: &generator)).map { index in
        var bytes = (0..<Int.random(in: 0...64, using: &generator)).map { _ in
          UInt8.random(in: .min ... .max, using: &generator)
        }
        if index == 0, Bool.random(using: &generator) {
          let type = MessageType.allCases.randomElement(using: &generator) ?? .hello
          bytes = FrameHeader(type: type, session: 1, sequence: 1).encoded()
        }
        return bytes
      }
      for endpoint in WireEndpoint.allCases {
        for direction in [WireDirection.up, .down] {
          _ = try? Packet(frames: frames, endpoint: endpoint, direction: direction)
        }
      }
    }
  }
}

/// A small seeded generator, so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
