import FleetProtocol
import Testing

@Suite struct FrameRefusalTests {
  private let all: [(refusal: FrameRefusal, code: String, words: [String])] = [
    (.frameCount(found: 4, expected: 3), "frame-count", ["4", "3"]),
    (.headerSize(found: 39), "header-size", ["39", "40"]),
    (.magic, "magic", ["SPKF"]),
    (.version(found: 9), "version", ["9", "1"]),
    (.reservedBits, "reserved-bits", ["zero"]),
    (.unknownType(200), "unknown-type", ["200"]),
    (.wrongEndpoint(.hello), "wrong-endpoint", ["hello"]),
    (.wrongDirection(.welcome), "wrong-direction", ["welcome"]),
    (.bodySize(.busy, found: 5_000, limit: 4_096), "body-size", ["busy", "5000", "4096"]),
    (
      .payloadSize(.blobChunk, found: 65_537, limit: 65_536), "payload-size",
      ["blobChunk", "65537", "65536"]
    ),
    (.body(.refused), "body", ["refused"]),
  ]

  @Test func `each refusal has a stable code and says what it saw`() {
    for (refusal, code, words) in all {
      #expect(refusal.code == code)
      #expect(refusal.description.hasPrefix("\(code): "))
      for word in words { #expect(refusal.description.contains(word)) }
    }
    #expect(Set(all.map(\.code)).count == all.count)
  }
}
