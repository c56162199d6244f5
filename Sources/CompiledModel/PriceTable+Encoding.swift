extension PriceTable {
  /// Longest name or source in bytes.
  static let textBytesMax = 512

  /// Canonical bytes: equal tables have equal bytes.
  package func encoded() -> [UInt8] {
    Self.encode(name: name, prices: EventKind.allCases.map { self[$0] })
  }

  /// Reads what `encoded()` wrote; throws for anything else.
  package init(reading bytes: [UInt8]) throws(ModelError) {
    var reader = ByteReader(bytes, section: "prices")
    let version = try reader.uint16("version")
    guard version == 1 else {
      throw reader.error("version", found: "\(version)", expected: "1")
    }
    let name = try reader.text("name", bytesMax: Self.textBytesMax)
    let count = Int(try reader.uint16("count"))
    guard count <= EventKind.allCases.count else {
      throw reader.error("count", found: "\(count)", expected: "at most the kinds of events")
    }
    var prices = [Price?](repeating: nil, count: EventKind.allCases.count)
    var next = 0
    for _ in 0..<count {
      let raw = Int(try reader.uint16("kind"))
      guard raw >= next, let kind = EventKind(rawValue: raw) else {
        throw reader.error("kind", found: "\(raw)", expected: "a kind of event, in rising order")
      }
      prices[raw] = try Self.price(of: kind, from: &reader)
      next = raw + 1
    }
    try reader.finish()
    self.init(name: name, byKind: prices)
  }

  private static func price(
    of kind: EventKind, from reader: inout ByteReader
  ) throws(ModelError) -> Price {
    let code = try reader.uint8("\(kind.name).grade")
    guard let grade = EvidenceGrade(code: code) else {
      throw reader.error("\(kind.name).grade", found: "\(code)", expected: "0 to 3")
    }
    let picojoules = try reader.double("\(kind.name).picojoules")
    guard picojoules.isFinite, picojoules >= 0, picojoules <= 1e12, picojoules.sign == .plus else {
      throw reader.error(
        "\(kind.name).picojoules", found: "\(picojoules)", expected: "0 to 1e12")
    }
    let source = try reader.text("\(kind.name).source", bytesMax: textBytesMax)
    return Price(picojoules: picojoules, source: source, grade: grade)
  }

  static func encode(name: String, prices: [Price?]) -> [UInt8] {
    var writer = ByteWriter()
    writer.uint16(1)
    writer.text(name)
    writer.uint16(UInt16(prices.count { $0 != nil }))
    for (raw, price) in prices.enumerated() {
      guard let price else { continue }
      writer.uint16(UInt16(raw))
      writer.uint8(price.grade.code)
      writer.double(price.picojoules)
      writer.text(price.source)
    }
    return writer.bytes
  }
}
