/// A figure of a chip file as it was read: a number as a number, whatever its spelling.
package enum FigureValue: Encodable, Sendable, Equatable, CustomStringConvertible {
  /// One of several figures of an entry.
  package struct Field: Sendable, Equatable {
    /// Its key.
    package let name: String
    /// Its value.
    package let value: FigureValue
  }

  /// A whole number.
  case integer(Int)
  /// A number with decimals.
  case number(Double)
  /// `true` or `false`.
  case truth(Bool)
  /// A word or a text.
  case text(String)
  /// Several values.
  case list([FigureValue])
  /// The figures of an entry.
  case fields([Field])

  /// The value of a key that holds one figure, text, or a list of these.
  init(_ pair: YAMLMapping.Pair) {
    // Whatever its name looks like, a published figure has a text there.
    let isText = ["name", "unit"].contains(pair.key)
    self = isText ? .text(pair.value.string ?? "") : FigureValue(pair.value)
  }

  private init(_ node: YAMLNode) {
    switch node.kind {
    case .plain(let text):
      if let integer = PlainScalar.integer(text, as: Int.self) {
        self = .integer(integer)
      } else if let number = PlainScalar.number(text) {
        self = .number(number)
      } else if let truth = PlainScalar.truth(text) {
        self = .truth(truth)
      } else {
        self = .text(text)
      }
    case .text(let text): self = .text(text)
    case .list(let list): self = .list(list.map { FigureValue($0) })
    case .nothing, .mapping: self = .text("")
    }
  }

  /// The value for a table; fields with their names before them.
  package var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value):
      value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .truth(let value): "\(value)"
    case .text(let value): value
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .fields(let fields): fields.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// A number, `true`, a text, a list or an object.
  package func encode(to encoder: any Encoder) throws {
    if case .fields(let fields) = self {
      var container = encoder.container(keyedBy: Name.self)
      for field in fields {
        try container.encode(field.value, forKey: Name(stringValue: field.name))
      }
      return
    }
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .truth(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .fields: break
    }
  }
}
