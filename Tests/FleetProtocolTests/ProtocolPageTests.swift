import FleetProtocol
import Foundation
import Testing

/// Holds the protocol's page against the code, so that a stranger may believe it.
@Suite struct ProtocolPageTests {
  private let page: String
  private let schema: String

  init() throws {
    let package = URL(filePath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    page = try String(
      contentsOf: package.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
    schema = try String(
      contentsOf: package.appending(path: "Sources/FleetProtocol/Schema/spikefleet.proto"),
      encoding: .utf8)
  }

  private func part(from start: String, to end: String) throws -> Substring {
    let first = try #require(page.range(of: start))
    let last = try #require(page.range(of: end, range: first.upperBound..<page.endIndex))
    return page[first.upperBound..<last.lowerBound]
  }

  @Test func `the table of messages is the code's`() throws {
    let rows = try part(from: "<!-- messages -->", to: "<!-- /messages -->")
      .split(separator: "\n").dropFirst(2).map(String.init)
    #expect(
      rows
        == MessageType.allCases.map { type in
          let rule = type.rule
          let direction = rule.direction == .up ? "up" : "down"
          let payload = rule.payloadBytesMax.map { "\($0)" } ?? "-"
          return "| \(type.rawValue) | \(type) | \(rule.endpoint) | \(direction) "
            + "| \(rule.bodyBytesMax) | \(payload) |"
        })
  }

  @Test func `the first frames on the page are a HELLO`() throws {
    let lines = try part(from: "```hello\n", to: "\n```").split(separator: "\n")
    let frames = lines.map { line in
      stride(from: 0, to: line.count, by: 2).compactMap { offset in
        UInt8(line.dropFirst(offset).prefix(2), radix: 16)
      }
    }
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 2
    hello.nodeID = "node-a"
    hello.agentVersion = "1.0"
    hello.bootID = wireBytes(0..<16)
    hello.chip = "loihi-learn"
    #expect(frames == Packet(.hello(hello), version: 1, session: 0, sequence: 1).frames())
  }

  @Test func `every type has its fields on the page`() {
    for type in MessageType.allCases {
      let name = "\(type)"
      #expect(page.contains("| `\(name.prefix(1).uppercased())\(name.dropFirst())` |"))
    }
  }

  @Test func `every field of the schema is on the page, with its number`() throws {
    let field = /^ +(?:repeated |optional )?[\w]+ (\w+) = (\d+);/
    var message = ""
    var fields = 0
    for line in schema.split(separator: "\n") {
      if line.hasPrefix("message ") { message = String(line.split(separator: " ")[1]) }
      guard let match = line.prefixMatch(of: field) else { continue }
      fields += 1
      let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(message)` |") }
      let place = row.map(String.init) ?? page
      #expect(place.contains("\(match.2) \(match.1)"), "\(message): \(line)")
    }
    #expect(fields > 150)
  }

  @Test func `the page names every refusal's code, document type and role`() {
    let refusals: [FrameRefusal] = [
      .frameCount(found: 0, expected: 0), .headerSize(found: 0), .magic, .version(found: 0),
      .reservedBits, .unknownType(0), .wrongEndpoint(.hello), .wrongDirection(.hello),
      .bodySize(.hello, found: 0, limit: 0), .payloadSize(.hello, found: 0, limit: 0),
      .body(.hello),
    ]
    let words =
      refusals.map(\.code) + DocumentType.allCases.map(\.rawValue)
      + TrustRole.allCases.map(\.rawValue)
    for word in words { #expect(page.contains("`\(word)`"), "\(word)") }
  }

  @Test func `the limits on the page are the code's`() {
    let sentences = [
      "Chunks have \(grouped(Limits.chunkBytes)) bytes",
      "`MAXMSGSIZE`, control | \(grouped(Limits.controlFrameBytesMax)) + 33",
      "`MAXMSGSIZE`, data | \(grouped(Limits.dataFrameBytesMax)) + 33",
      "10,000,000 samples; a node holds at most \(Limits.openRoundsMax) rounds open",
      "\(Limits.telemetryWindowsMax) of them and \(grouped(Limits.telemetryPayloadBytesMax)) bytes",
      "most \(Limits.chunkCreditMax) per request",
      "counts (at most \(Limits.eventKindsMax))",
      "\(Limits.bootIDBytes) random bytes",
      "{0,\(Limits.identifierLengthMax - 1)}",
      "The header has \(FrameHeader.byteCount) bytes",
      "up to \(SignedDocument.signaturesMax) signatures",
      "1 to \(TrustRoot.keysMax) keys",
    ]
    for sentence in sentences { #expect(page.contains(sentence), "\(sentence)") }
    #expect(Limits.modelBytesMax == 1 << 30)
    #expect(Limits.updateBytesMax == 1 << 28)
    #expect(Limits.roundSamplesMax == 10_000_000)
    #expect(Limits.strikesMax == 3)
    #expect(SignedDocument.bytesMax == 1 << 20)
  }

  /// Digits in groups of three, as the page writes them.
  private func grouped(_ number: Int) -> String {
    var groups: [String] = []
    var rest = "\(number)"[...]
    while !rest.isEmpty {
      groups.insert(String(rest.suffix(3)), at: 0)
      rest = rest.dropLast(3)
    }
    return groups.joined(separator: ",")
  }
}
