import CompiledModel
import Testing

/// Counts become joules by a table, or are refused.
@Suite struct PriceTableTests {
  private let table = ModelFixture.prices

  private func counts(_ events: [EventKind: UInt64]) -> [UInt64] {
    EventKind.allCases.map { events[$0] ?? 0 }
  }

  @Test func `joules are summed by component`() throws {
    let counted = counts([.synapticOperation: 1000, .neuronAccess: 10, .weightWrite: 2])
    let joules = try table.joules(of: counted)
    #expect(joules[.synapse] == 1000 * 35.5 * 1e-12)
    #expect(joules[.learning] == 2 * 120.0 * 1e-12)
    #expect(joules[.traffic] == 0)
    #expect(abs(try table.totalJoules(of: counted) - 36_252e-12) < 1e-20)
    #expect(try table.totalJoules(of: []) == 0)
  }

  @Test func `joules are told apart by what an event is for, and nothing falls between`() throws {
    let counted = counts([.synapticOperation: 1000, .neuronAccess: 10, .weightWrite: 2])
    #expect(try table.joules(of: counted, for: .learning) == 2 * 120.0 * 1e-12)
    let inference = try table.joules(of: counted, for: .inference)
    #expect(abs(inference - (1000 * 35.5 + 10 * 51.2) * 1e-12) < 1e-20)
    #expect(EventKind.errorMessage.purpose == .learning)
    for kind in EventKind.allCases where kind.component == .learning {
      #expect(kind.purpose == .learning, "\(kind.name)")
    }
    // What is not priced is refused for its own purpose, what nobody knows for both.
    #expect(throws: Never.self) { _ = try table.joules(of: counts([.spike: 3]), for: .learning) }
    for purpose in EnergyPurpose.allCases {
      #expect(throws: PricingError.self) {
        _ = try table.joules(of: counts([:]) + [1], for: purpose)
      }
    }
  }

  @Test func `an event without a price is refused, never zero`() {
    let error = #expect(throws: PricingError.self) {
      _ = try table.joules(of: counts([.spike: 3]))
    }
    #expect(error == PricingError(table: "fixture", event: "spike", count: 3))
    #expect(throws: PricingError.self) {
      _ = try table.joules(of: counts([:]) + [1])
    }
    #expect(throws: Never.self) { _ = try table.joules(of: counts([:]) + [0]) }
  }

  @Test func `the digest follows every figure, and the weakest grade is kept`() throws {
    let read = try PriceTable(reading: table.encoded())
    #expect(read == table)
    #expect(table.digest.count == 32)
    #expect(table.weakestGrade == .assumed)
    let dearer = PriceTable(
      name: "fixture", prices: [.spike: Price(picojoules: 1, source: "", grade: .measured)])
    #expect(dearer.digest != table.digest)
    #expect(dearer.weakestGrade == .measured)
    #expect(EvidenceGrade.measured < .simulated)
    #expect(EvidenceGrade.estimated < .assumed)
  }

  @Test func `a table cut at any length is refused`() {
    let bytes = table.encoded()
    for length in 0..<bytes.count {
      #expect(throws: ModelError.self) { _ = try PriceTable(reading: Array(bytes[..<length])) }
    }
    #expect(throws: ModelError.self) { _ = try PriceTable(reading: bytes + [0]) }
  }

  @Test func `names and components of events are stable`() {
    #expect(EventKind.allCases.map(\.rawValue) == Array(0..<17))
    #expect(Set(EventKind.allCases.map(\.name)).count == 17)
    #expect(EventKind.weightWrite.component == .learning)
    #expect(EnergyComponent.allCases.sorted() == EnergyComponent.allCases)
  }
}
