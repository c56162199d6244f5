import Crypto

/// What one event costs, and how we know.
package struct Price: Sendable, Equatable {
  /// Energy of one event in picojoules, finite and not negative.
  package let picojoules: Double
  /// Where the figure comes from, for a reader.
  package let source: String
  /// How well it is founded.
  package let grade: EvidenceGrade

  /// Takes the figure as it is; the readers judge it.
  package init(picojoules: Double, source: String, grade: EvidenceGrade) {
    self.picojoules = picojoules
    self.source = source
    self.grade = grade
  }
}

/// Prices of events by kind, under a name: what turns counts into joules.
///
/// Joules are worth nothing without the table's name and its weakest grade; print all three.
package struct PriceTable: Sendable, Equatable {
  /// Name of the table.
  package let name: String
  /// SHA-256 of `encoded()`.
  package let digest: [UInt8]
  private let prices: [Price?]

  /// A table with prices for the kinds given; the others have none.
  package init(name: String, prices: [EventKind: Price]) {
    self.init(name: name, byKind: EventKind.allCases.map { prices[$0] })
  }

  init(name: String, byKind: [Price?]) {
    self.name = name
    prices = byKind
    digest = Array(SHA256.hash(data: Self.encode(name: name, prices: byKind)))
  }

  /// The price of one kind of event, nil where there is none.
  package subscript(kind: EventKind) -> Price? { prices[kind.rawValue] }

  /// The weakest grade among all prices; `assumed` for a table without any.
  package var weakestGrade: EvidenceGrade {
    prices.compactMap(\.?.grade).max() ?? .assumed
  }

  /// Nanojoules of all counts, cut to whole ones; an event without a price adds nothing.
  ///
  /// For a node's own limits: every model was checked to have a price for what its chip counts.
  package func nanojoules(of counts: [UInt64]) -> UInt64 {
    var picojoules = 0.0
    for (kind, count) in counts.enumerated() where kind < prices.count {
      picojoules += Double(count) * (prices[kind]?.picojoules ?? 0)
    }
    return UInt64(min(picojoules / 1_000, 9e18))
  }

  /// Joules by component for counts that are indexed by the kinds' raw values.
  ///
  /// Missing counts at the end are zero. Throws for an event that was counted and has no price.
  package func joules(
    of counts: [UInt64]
  ) throws(PricingError) -> [EnergyComponent: Double] {
    var sums: [EnergyComponent: Double] = [:]
    for component in EnergyComponent.allCases { sums[component] = 0 }
    for (index, count) in counts.enumerated() where count > 0 {
      guard let kind = EventKind(rawValue: index) else {
        throw PricingError(table: name, event: "kind \(index)", count: count)
      }
      guard let price = self[kind] else {
        throw PricingError(table: name, event: kind.name, count: count)
      }
      sums[kind.component, default: 0] += Double(count) * price.picojoules * 1e-12
    }
    return sums
  }

  /// Joules of all components together.
  package func totalJoules(of counts: [UInt64]) throws(PricingError) -> Double {
    let sums = try joules(of: counts)
    return EnergyComponent.allCases.reduce(0) { $0 + (sums[$1] ?? 0) }
  }
}

/// An event that was counted and has no price.
package struct PricingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Name of the price table.
  package let table: String
  /// Name of the event's kind.
  package let event: String
  /// How often it was counted.
  package let count: UInt64

  /// An event of a kind that `table` does not price.
  package init(table: String, event: String, count: UInt64) {
    self.table = table
    self.event = event
    self.count = count
  }

  package var description: String {
    "price table \(table): no price for `\(event)`, counted \(count) times; "
      + "add the price to the chip file, with its source and grade"
  }
}
