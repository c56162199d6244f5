import FleetProtocol
import Testing

@Suite struct FrameHeaderTests {
  private let header = FrameHeader(
    type: .updateChunk, session: 0x0102_0304_0506_0708, sequence: 0x1112_1314_1516_1718,
    correlation: 0x2122_2324_2526_2728, deadlineMilliseconds: 0x3132_3334)

  private let golden: [UInt8] = [
    0x53, 0x50, 0x4B, 0x46, 2, 34, 0, 0,
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,
    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
    0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,
    0x34, 0x33, 0x32, 0x31, 0, 0, 0, 0,
  ]

  @Test func `a header has its golden bytes`() {
    #expect(header.encoded() == golden)
  }

  @Test func `a header reads back as it was written`() throws {
    #expect(try FrameHeader(reading: header.encoded()) == header)
    let widest = FrameHeader(
      type: .telemetryAcknowledged, session: .max, sequence: .max, correlation: .max,
      deadlineMilliseconds: .max)
    #expect(try FrameHeader(reading: widest.encoded()) == widest)
    let bare = FrameHeader(type: .hello, session: 0, sequence: 0)
    #expect(try FrameHeader(reading: bare.encoded()) == bare)
  }

  @Test func `a header of any other length is refused`() {
    for count in 0..<FrameHeader.byteCount {
      #expect(throws: FrameRefusal.headerSize(found: count)) {
        try FrameHeader(reading: Array(golden.prefix(count)))
      }
    }
    #expect(throws: FrameRefusal.headerSize(found: 41)) {
      try FrameHeader(reading: golden + [0])
    }
  }

  @Test(arguments: 0..<4) func `each byte of the magic counts`(index: Int) {
    var bytes = golden
    bytes[index] ^= 0x20
    #expect(throws: FrameRefusal.magic) { try FrameHeader(reading: bytes) }
  }

  @Test(arguments: [0, 3, 255] as [UInt8]) func `another version is refused`(version: UInt8) {
    var bytes = golden
    bytes[4] = version
    #expect(throws: FrameRefusal.version(found: version)) { try FrameHeader(reading: bytes) }
  }

  @Test func `the version before this one is read and written`() throws {
    var older = golden
    older[4] = 1
    let read = try FrameHeader(reading: older)
    #expect(read.version == 1)
    #expect(read.encoded() == older)
  }

  @Test(arguments: [6, 7, 36, 37, 38, 39]) func `reserved bytes stay zero`(index: Int) {
    var bytes = golden
    bytes[index] = 1
    #expect(throws: FrameRefusal.reservedBits) { try FrameHeader(reading: bytes) }
  }

  @Test func `an unknown type passes the header, to be answered`() throws {
    var bytes = golden
    bytes[5] = 0xEE
    #expect(try FrameHeader(reading: bytes).type == 0xEE)
  }
}
