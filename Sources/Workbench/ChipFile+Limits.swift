import CompiledModel

/// What a chip is: its mesh, its cores, what they can do and how wide their state is.
extension ChipFile {
  static func mesh(
    from top: ChipFileMapping
  ) throws(ChipFileError) -> (columns: Int, rows: Int, coresPerTile: Int) {
    let mesh = try top.mapping("mesh", keys: ChipFileKeys.mesh)
    _ = try ChipFileEvidence(of: mesh)
    return (
      try mesh.integer("columns", 1...4096), try mesh.integer("rows", 1...4096),
      try mesh.integer("coresPerTile", 1...1024)
    )
  }

  static func core(from top: ChipFileMapping) throws(ChipFileError) -> CoreLimits {
    let core = try top.mapping("core", keys: ChipFileKeys.core)
    _ = try ChipFileEvidence(of: core)
    return CoreLimits(
      neurons: try core.integer("neurons", 1...1 << 20),
      inAxons: try core.integer("inAxons", 1...1 << 20),
      outAxons: try core.integer("outAxons", 1...1 << 24),
      synapseMemoryBytes: try core.integer("synapseMemoryBytes", 1...1 << 32),
      weightBits: try core.integer("weightBits", 1...32),
      delayMax: try core.integer("delayMax", 0...CompiledModel.delayMax),
      refractoryMax: try core.integer("refractoryMax", 0...4096))
  }

  static func features(from top: ChipFileMapping) throws(ChipFileError) -> ChipFeatures {
    let block = try top.mapping("features", keys: ChipFileKeys.features)
    _ = try ChipFileEvidence(of: block)
    let features = ChipFeatures(
      neurons: try block.selection(
        "neurons", ChipFeatures.Neuron.allCases.map { ($0.rawValue, $0) }),
      resets: try block.selection(
        "resets", ChipFeatures.Reset.allCases.map { ($0.rawValue, $0) }),
      layouts: try block.selection(
        "layouts", ChipFeatures.Layout.allCases.map { ($0.rawValue, $0) }),
      precisions: try block.selection(
        "precisions", SynapsePrecision.allCases.map { ("\($0.rawValue)", $0) }, mayBeEmpty: true),
      rules: try block.selection(
        "rules", ChipFeatures.Rule.allCases.map { ($0.rawValue, $0) }, mayBeEmpty: true),
      pooling: try block.truth("pooling"),
      operations: block.has("operations")
        ? try block.selection(
          "operations", ChipFeatures.Operation.allCases.map { ($0.rawValue, $0) },
          mayBeEmpty: true) : [])
    if let rule = features.rules.first, !features.layouts.contains(.dense) {
      throw block.error(
        "layouts", found: "no `dense`",
        expected: "it, as weights that learn by `\(rule.rawValue)` are dense")
    }
    if let operation = features.operations.first, features.rules.isEmpty {
      throw block.error(
        "operations", found: "`\(operation.rawValue)`",
        expected: "none on a chip that does not learn")
    }
    if features.rules.contains(.threeFactor), !features.neurons.contains(.readout) {
      throw block.error(
        "neurons", found: "no `readout`",
        expected: "it, as errors of `\(ChipFeatures.Rule.threeFactor.rawValue)` come from one")
    }
    return features
  }

  /// A chip that does not learn may leave out the width of weights that do.
  static func arithmetic(
    from top: ChipFileMapping, features: ChipFeatures, weightBits: Int
  ) throws(ChipFileError) -> StateArithmetic {
    let block = try top.mapping("arithmetic", keys: ChipFileKeys.arithmetic)
    _ = try ChipFileEvidence(of: block)
    let learning = "learningWeightBits"
    let learningBits =
      features.rules.isEmpty && !block.has(learning) ? 16 : try block.integer(learning, 1...16)
    if !features.rules.isEmpty, min(8, learningBits) > weightBits {
      throw block.error(
        learning, found: "\(learningBits)",
        expected: "at most \(weightBits), which `core.weightBits` leaves for them to be seen with")
    }
    return StateArithmetic(
      potentialBits: try block.integer("potentialBits", 8...24),
      currentBits: try block.integer("currentBits", 8...24),
      currentOverflow: try block.choice(
        "currentOverflow", [("saturate", .saturate), ("wrap", .wrap)]),
      inputShift: Int32(try block.integer("inputShift", 0...6)),
      learningWeightBits: learningBits, columnConverter: try converter(in: block, of: features))
  }

  /// Arrays add up dense weights; what reads their columns has rows and bits.
  private static func converter(
    in block: ChipFileMapping, of features: ChipFeatures
  ) throws(ChipFileError) -> ColumnConverter? {
    let (rows, bits) = ("columnRows", "columnBits")
    guard block.has(rows) || block.has(bits) else { return nil }
    if let layout = features.layouts.first(where: { $0 != .dense }) {
      throw block.error(
        rows, found: "it beside `\(layout.rawValue)` in `features.layouts`",
        expected: "`dense` alone, as columns of an array are dense")
    }
    return ColumnConverter(
      rows: try block.integer(rows, ColumnConverter.rowsRange),
      bits: try block.integer(bits, ColumnConverter.bitsRange))
  }

  static func area(from top: ChipFileMapping) throws(ChipFileError) -> PublishedFigure? {
    guard top.has("area") else { return nil }
    let block = try top.mapping("area", keys: ChipFileKeys.area)
    let evidence = try ChipFileEvidence(of: block)
    return PublishedFigure(
      name: "area of a core", value: try block.number("squareMillimetres", 0...1e6), unit: "mm2",
      source: evidence.source, grade: evidence.grade)
  }

  static func published(from top: ChipFileMapping) throws(ChipFileError) -> [PublishedFigure] {
    guard top.has("published") else { return [] }
    var figures: [PublishedFigure] = []
    for entry in try top.list("published", keys: ChipFileKeys.published) {
      let evidence = try ChipFileEvidence(of: entry)
      figures.append(
        PublishedFigure(
          name: try entry.text("name"), value: try entry.number("value", -1e15...1e15),
          unit: try entry.text("unit"), source: evidence.source, grade: evidence.grade))
    }
    return figures
  }
}
