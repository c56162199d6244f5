/// How well a figure is founded; a weaker grade is greater.
package enum EvidenceGrade: String, CaseIterable, Sendable, Comparable, Codable {
  /// Read from instruments on silicon.
  case measured
  /// From circuit simulation, or fitted to silicon.
  case simulated
  /// Derived from figures of comparable circuits.
  case estimated
  /// Set by us so that the event is not free.
  case assumed

  /// Whether the left grade is better founded than the right one.
  package static func < (left: EvidenceGrade, right: EvidenceGrade) -> Bool {
    left.code < right.code
  }

  /// Position from the best founded, 0, to the weakest; stable in files.
  package var code: UInt8 {
    switch self {
    case .measured: 0
    case .simulated: 1
    case .estimated: 2
    case .assumed: 3
    }
  }

  /// The grade with this code, if there is one.
  package init?(code: UInt8) {
    guard let grade = EvidenceGrade.allCases.first(where: { $0.code == code }) else { return nil }
    self = grade
  }
}
