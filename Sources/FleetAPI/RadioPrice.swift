package import CompiledModel

/// What a byte costs a node on its way, and how we know.
///
/// The chip's ledger ends at the chip: what the radio burns is not counted, only priced here by the
/// bytes of updates and models. What a radio costs while it is awake is not in it.
package struct RadioPrice: Codable, Sendable, Equatable {
  /// Nanojoules of a byte that a node sends, finite and not negative.
  package var sentNanojoules: Double
  /// Nanojoules of a byte that a node receives, finite and not negative.
  package var receivedNanojoules: Double
  /// Where the figures come from, for a reader.
  package var source: String
  /// How well they are founded for these nodes.
  package var grade: EvidenceGrade

  /// A price with its figures and where they come from.
  package init(
    sentNanojoules: Double, receivedNanojoules: Double, source: String, grade: EvidenceGrade
  ) {
    self.sentNanojoules = sentNanojoules
    self.receivedNanojoules = receivedNanojoules
    self.source = source
    self.grade = grade
  }

  /// A price that nobody has measured on these nodes.
  package static let assumed = RadioPrice(
    sentNanojoules: 1_900, receivedNanojoules: 420,
    source: "an IEEE 802.11 card, by the byte of a frame (Feeney and Nilsson, INFOCOM 2001); which "
      + "radio the nodes have is not known", grade: .assumed)
  /// Largest price of a byte in nanojoules: a joule.
  package static let nanojoulesMax = 1e9

  /// One price for both ways, as somebody who asks for a report says it; nil where it is none.
  package init?(statedNanojoules nanojoules: Double) {
    guard nanojoules.isFinite, (0...Self.nanojoulesMax).contains(nanojoules) else { return nil }
    self.init(
      sentNanojoules: nanojoules, receivedNanojoules: nanojoules,
      source: "stated by whoever asked for the report", grade: .assumed)
  }

  /// Joules of so many bytes each way.
  package func joules(sent: UInt64, received: UInt64) -> Double {
    (Double(sent) * sentNanojoules + Double(received) * receivedNanojoules) * 1e-9
  }
}
