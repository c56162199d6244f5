/// Where the parts of a compiled model lie in its file.
enum FileLayout {
  static let magic: [UInt8] = Array("SFMODEL\0".utf8)
  static let version: UInt16 = 3

  /// Sections in their order; raw values are their tags.
  enum Section: String, CaseIterable {
    case meta = "META"
    case cores = "CORE"
    case layers = "LAYR"
    case routes = "ROUT"
    case prices = "PRIC"
    case timing = "TIME"
  }

  static let headerBytes = 24 + Section.allCases.count * 24
  /// Sections start on multiples of it.
  static let sectionAlignment = 8

  static func roundedUp(_ value: Int, to unit: Int) -> Int { (value + unit - 1) / unit * unit }
}

extension CompiledConnection {
  /// Bytes of its blocks, each of which starts a chunk: the lists of a sparse layout, then weights.
  var blockBytes: (lists: Int?, weights: Int) {
    var lists: Int?
    if case .sparse(let rowStarts, let targets) = layout {
      lists = (rowStarts.count + targets.count) * 4
    }
    switch weights {
    case .fixed(let weights): return (lists, precision.packedBytes(weights.count))
    case .plastic(let weights, _, _): return (lists, weights.count * 2)
    }
  }
}
