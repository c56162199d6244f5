import CompiledModel

/// Where a figure comes from and how well it is founded.
struct ChipFileEvidence {
  private static let grades = EvidenceGrade.allCases.map { (name: $0.rawValue, value: $0) }

  let source: String
  let grade: EvidenceGrade

  /// What a block says for itself.
  init(of block: ChipFileMapping) throws(ChipFileError) {
    source = try block.text("source", expected: "where the figures come from")
    grade = try block.choice("grade", Self.grades)
  }

  /// What a figure says for itself, and its block where it does not.
  init(of entry: ChipFileMapping, in block: ChipFileMapping) throws(ChipFileError) {
    let sourced = entry.has("source") || !block.has("source") ? entry : block
    source = try sourced.text(
      "source", expected: "where the figure comes from, here or for the whole block")
    let graded = entry.has("grade") || !block.has("grade") ? entry : block
    grade = try graded.choice("grade", Self.grades)
  }
}
