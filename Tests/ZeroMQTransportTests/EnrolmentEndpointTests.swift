import Testing
import ZeroMQTransport

/// The enrolment endpoint's socket: any key, few bytes.
@Suite struct EnrolmentEndpointTests {
  private func ask(
    _ frames: [[UInt8]], _ endpoint: EnrolmentEndpoint, _ server: CurvePublicKey,
    milliseconds: Int, with pair: CurveKeyPair
  ) throws -> [[UInt8]]? {
    try EnrolmentCall.ask(
      frames, keys: pair, address: endpoint.address, serverKey: server,
      milliseconds: milliseconds)
  }

  @Test func `requirement 8: any key comes in, is proven, and may say little`() throws {
    let server = try CurveKeyPair.generate()
    let pair = try CurveKeyPair.generate()
    let endpoint = try EnrolmentEndpoint(keys: server, address: "tcp://127.0.0.1:*") {
      key, frames in
      [Array(key.z85.utf8)] + frames
    }
    defer { endpoint.stop() }
    #expect(
      try ask([[1], [2]], endpoint, server.publicKey, milliseconds: 10_000, with: pair)
        == [Array(pair.publicKey.z85.utf8), [1], [2]])
    let large = [UInt8](repeating: 0, count: EnrolmentEndpoint.frameBytesMax + 1)
    #expect(try ask([large], endpoint, server.publicKey, milliseconds: 500, with: pair) == nil)
    #expect(
      try ask([[1]], endpoint, pair.publicKey, milliseconds: 500, with: pair) == nil,
      "a server that has another key than the pinned one")
  }
}
