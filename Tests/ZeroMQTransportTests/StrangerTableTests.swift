import Testing
import ZeroMQTransport

@Suite struct StrangerTableTests {
  private func key(_ number: Int) throws -> CurvePublicKey {
    var bytes = [UInt8](repeating: 0, count: 32)
    (bytes[0], bytes[1]) = (UInt8(number & 255), UInt8(number >> 8))
    return try #require(CurvePublicKey(bytes: bytes))
  }

  @Test func `a key is reported once a minute`() throws {
    var table = StrangerTable()
    let key = try key(1)
    let times = [10_000, 9_999 + StrangerTable.repeatMilliseconds]
    let answers = (times + [10_000 + StrangerTable.repeatMilliseconds]).map {
      table.shouldReport(key, at: $0)
    }
    #expect(answers == [true, false, true])
    #expect(table.count == 1)
  }

  @Test func `a second holds twenty reports and not one more`() throws {
    var table = StrangerTable()
    for number in 0..<StrangerTable.reportsPerSecondMax {
      let isReported = table.shouldReport(try key(number), at: 5_000)
      #expect(isReported)
    }
    let next = try key(StrangerTable.reportsPerSecondMax)
    let answers = [5_999, 6_000].map { table.shouldReport(next, at: $0) }
    #expect(answers == [false, true])
  }

  @Test func `a thousand keys are remembered and the oldest makes room`() throws {
    var table = StrangerTable()
    for number in 0...StrangerTable.keysMax {
      let isReported = table.shouldReport(try key(number), at: Int64(number) * 50)
      #expect(isReported)
    }
    #expect(table.count == StrangerTable.keysMax)
    let now = Int64(StrangerTable.keysMax) * 50 + 50
    let answers = try [1, 0].map { table.shouldReport(try key($0), at: now) }
    #expect(answers == [false, true])
    #expect(table.count == StrangerTable.keysMax)
  }
}
