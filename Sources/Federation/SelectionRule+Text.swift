/// Ways to draw a cohort as people write them.
extension SelectionRule: CustomStringConvertible {
  /// `uniform`, `chance N`, `charge`, `energy-left`, `staleness`, `loss` or `firing-rate`.
  package var description: String {
    switch self {
    case .uniform: "uniform"
    case .chance(let perMillion): "chance \(perMillion)"
    case .weighted(let score): score.rawValue
    }
  }

  /// What the description of every rule looks like.
  package static let forms =
    "uniform, charge, energy-left, staleness, loss, firing-rate or "
    + "`chance N` with N of a million"

  /// The rule that a text describes; nil where it describes none.
  package init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    if words.count == 2, words[0] == "chance" {
      guard words[1].utf8.allSatisfy({ (48...57).contains($0) }),
        let perMillion = UInt32(words[1]), (1...1_000_000).contains(perMillion)
      else { return nil }
      self = .chance(perMillion: perMillion)
    } else if text == "uniform" {
      self = .uniform
    } else {
      guard let score = SelectionScore(rawValue: text) else { return nil }
      self = .weighted(score)
    }
  }
}

extension SelectionRule: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let rule = SelectionRule(text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath, debugDescription: "'\(text)', expected \(Self.forms)"))
    }
    self = rule
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
