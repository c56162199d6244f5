extension SumOfProducts {
  /// Reads a formula such as `2^-2*x1*y0 - 2^-2*y1*x0`; `name =` may stand before it.
  ///
  /// A term is a product of numbers, powers `2^k`, names, and sums in brackets of a name and a
  /// number. Of `x0`, `y0`, `uK` and `end` one says when the term is evaluated: `uK` or `end` if
  /// there is one, else `y0`, else `x0`; the others are factors of 0 or 1.
  package init(reading text: String, name: String = "dw") throws(RuleTextError) {
    var reader = RuleReader(text)
    try reader.skipName(name)
    var terms: [Term] = []
    repeat {
      terms.append(try reader.term(isFirst: terms.isEmpty))
      guard terms.count <= Self.termsMax else {
        throw reader.error("a term more", "at most \(Self.termsMax) terms")
      }
    } while !reader.isAtEnd
    self.init(terms)
  }
}

/// Takes tokens from a rule's text.
private struct RuleReader {
  private let bytes: [UInt8]
  private var position = 0
  private var term = 1

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool {
    mutating get {
      skipSpaces()
      return position == bytes.count
    }
  }

  func error(_ found: String, _ expected: String, at place: Int? = nil) -> RuleTextError {
    RuleTextError(
      term: term, column: (place ?? position) + 1, found: found, expected: expected)
  }

  mutating func skipName(_ name: String) throws(RuleTextError) {
    guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { return }
    skipSpaces()
    let start = position
    let word = word()
    skipSpaces()
    guard word == name, position == equals else {
      let found = String(decoding: bytes[start...equals], as: UTF8.self)
      throw error("`\(found)`", "`\(name) =`", at: start)
    }
    position += 1
  }

  mutating func term(isFirst: Bool) throws(RuleTextError) -> SumOfProducts.Term {
    if !isFirst { term += 1 }
    var sign = 1.0
    if take("-") {
      sign = -1
    } else if !take("+"), !isFirst {
      throw error(found, "`*`, `+` or `-`")
    }
    var product = Product()
    repeat { try factor(into: &product) } while take("*")
    let start = position
    guard let occasion = product.occasion else {
      throw error(
        "no factor that says when", "one of x0, y0, u0 to u\(SumOfProducts.periodMax) and end",
        at: start)
    }
    guard product.factors.count <= SumOfProducts.factorsMax else {
      throw error(
        "\(product.factors.count) factors", "at most \(SumOfProducts.factorsMax)", at: start)
    }
    guard product.coefficient.isFinite else {
      throw error("a coefficient beyond all numbers", "a finite one", at: start)
    }
    return SumOfProducts.Term(sign * product.coefficient, product.factors, at: occasion)
  }

  /// A product as it is read.
  private struct Product {
    var coefficient = 1.0
    /// Without x0 and y0.
    var others: [SumOfProducts.Factor] = []
    var clock: SumOfProducts.Occasion?
    var hasX0 = false
    var hasY0 = false

    var occasion: SumOfProducts.Occasion? {
      clock ?? (hasY0 ? .postsynapticSpike : hasX0 ? .presynapticSpike : nil)
    }

    var factors: [SumOfProducts.Factor] {
      var factors = others
      if hasX0, occasion != .presynapticSpike { factors.append(.init(.x0)) }
      if hasY0, occasion != .postsynapticSpike { factors.append(.init(.y0)) }
      return factors
    }
  }

  private mutating func factor(into product: inout Product) throws(RuleTextError) {
    skipSpaces()
    let start = position
    if take("(") {
      product.others.append(try bracket())
      return
    }
    if let number = try number() {
      product.coefficient *= number
      return
    }
    let name = word()
    switch name {
    case "x0": product.hasX0 = true
    case "y0": product.hasY0 = true
    case "end": try setClock(.end, of: &product, at: start)
    case "": throw error(found, "a number, a name or `(`")
    default:
      if name.first == "u", let exponent = Int(name.dropFirst()) {
        guard (0...SumOfProducts.periodMax).contains(exponent) else {
          throw error("`\(name)`", "u0 to u\(SumOfProducts.periodMax)", at: start)
        }
        try setClock(.period(exponent: exponent), of: &product, at: start)
      } else {
        product.others.append(.init(try variable(name, at: start)))
      }
    }
  }

  private func setClock(
    _ occasion: SumOfProducts.Occasion, of product: inout Product, at start: Int
  ) throws(RuleTextError) {
    guard product.clock == nil || product.clock == occasion else {
      throw error("`\(occasion.name)`", "one clock in a term", at: start)
    }
    product.clock = occasion
  }

  private func variable(
    _ name: String, at start: Int
  ) throws(RuleTextError) -> SumOfProducts.Variable {
    guard let variable = SumOfProducts.Variable(rawValue: name) else {
      let names = SumOfProducts.Variable.allCases.map(\.rawValue).joined(separator: " ")
      throw error("`\(name)`", "one of \(names), uK, end", at: start)
    }
    return variable
  }

  /// `name + number` or `name - number`, and the closing bracket.
  private mutating func bracket() throws(RuleTextError) -> SumOfProducts.Factor {
    skipSpaces()
    let start = position
    let name = word()
    guard !name.isEmpty else { throw error(found, "a name, as in `(w - 0.5)`") }
    let variable = try variable(name, at: start)
    guard variable != .x0, variable != .y0 else {
      throw error(
        "`\(name)` in brackets", "a name other than x0 and y0, which are 0 or 1",
        at: start)
    }
    let isMinus = take("-")
    guard isMinus || take("+") else { throw error(found, "`+` or `-`") }
    skipSpaces()
    guard let number = try number() else { throw error(found, "a number") }
    guard take(")") else { throw error(found, "`)`") }
    return SumOfProducts.Factor(variable, plus: isMinus ? -number : number)
  }

  /// A decimal number or a power of two; nil where no digit stands.
  private mutating func number() throws(RuleTextError) -> Double? {
    skipSpaces()
    let start = position
    guard let first = peek, isDigit(first) || first == UInt8(ascii: ".") else { return nil }
    skipDigits()
    if peek == UInt8(ascii: "^") { return try power(from: start) }
    if peek == UInt8(ascii: ".") {
      position += 1
      skipDigits()
    }
    if let mark = peek, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      let beforeMark = position
      position += 1
      if let sign = peek, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { position += 1 }
      if peek.map(isDigit) == true { skipDigits() } else { position = beforeMark }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw error("`\(text)`", "a finite number", at: start)
    }
    return value
  }

  private mutating func power(from start: Int) throws(RuleTextError) -> Double {
    let base = String(decoding: bytes[start..<position], as: UTF8.self)
    guard base == "2" else { throw error("a power of `\(base)`", "a power of 2", at: start) }
    position += 1
    let first = position
    if peek == UInt8(ascii: "-") { position += 1 }
    skipDigits()
    let text = String(decoding: bytes[first..<position], as: UTF8.self)
    guard let exponent = Int(text), abs(exponent) <= 60 else {
      throw error("`2^\(text)`", "an exponent of -60 to 60", at: start)
    }
    return Double(sign: .plus, exponent: exponent, significand: 1)
  }

  private mutating func word() -> String {
    let start = position
    while let byte = peek, isDigit(byte) || isLetter(byte) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func take(_ symbol: Unicode.Scalar) -> Bool {
    skipSpaces()
    guard peek == UInt8(ascii: symbol) else { return false }
    position += 1
    return true
  }

  /// What stands here, for people.
  private var found: String {
    guard position < bytes.count else { return "the end" }
    var end = position + 1
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    return "`\(String(decoding: bytes[position..<end], as: UTF8.self))`"
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpaces() {
    while let byte = peek, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
  }

  private mutating func skipDigits() {
    while let byte = peek, isDigit(byte) { position += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
