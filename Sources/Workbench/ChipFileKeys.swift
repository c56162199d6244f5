import CompiledModel

/// The keys that each block of a chip file may have, in the order in which errors list them.
///
/// A test holds `docs/CHIP-FILES.md` against them.
package enum ChipFileKeys {
  /// Of the file itself.
  package static let top = [
    "name", "mesh", "core", "features", "arithmetic", "energy", "timing", "area", "published",
  ]
  /// Of each block, figure or entry of a list that says where it comes from.
  package static let evidence = ["source", "grade"]
  /// Of `mesh`.
  package static let mesh = ["columns", "rows", "coresPerTile"] + evidence
  /// Of `core`.
  package static let core =
    [
      "neurons", "inAxons", "outAxons", "synapseMemoryBytes", "weightBits", "delayMax",
      "refractoryMax",
    ] + evidence
  /// Of `features`.
  package static let features =
    ["neurons", "resets", "layouts", "precisions", "rules", "pooling", "operations"] + evidence
  /// Of `arithmetic`.
  package static let arithmetic =
    [
      "potentialBits", "currentBits", "currentOverflow", "inputShift", "learningWeightBits",
      "columnRows",
      "columnBits",
    ]
    + evidence
  /// Of `energy`: one for each kind of event.
  package static let energy = EventKind.allCases.map(\.name) + evidence
  /// Of a price.
  package static let price = ["picojoules"] + evidence
  /// Of `timing`: one for each kind of event, and what belongs to none.
  package static let timing =
    EventKind.allCases.map(\.name) + ["axonIn", "linkBuffer", "barriers"] + evidence
  /// Of the time of an event.
  package static let duration = ["nanoseconds"] + evidence
  /// Of `timing.linkBuffer`.
  package static let linkBuffer = ["messages"] + evidence
  /// Of an entry of `timing.barriers`.
  package static let barrier = ["tiles", "nanoseconds"] + evidence
  /// Of `area`.
  package static let area = ["squareMillimetres"] + evidence
  /// Of an entry of `published`.
  package static let published = ["name", "value", "unit"] + evidence

  /// Blocks of the file by the path that their keys stand below; an entry of a list has `[]`.
  package static let blocks: [(path: String, keys: [String])] = [
    ("", top), ("mesh", mesh), ("core", core), ("features", features),
    ("arithmetic", arithmetic), ("energy", energy), ("energy.EVENT", price), ("timing", timing),
    ("timing.EVENT", duration), ("timing.axonIn", duration), ("timing.linkBuffer", linkBuffer),
    ("timing.barriers[]", barrier), ("area", area), ("published[]", published),
  ]
}
