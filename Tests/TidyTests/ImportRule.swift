/// A target imports lower layers only, and outside modules as its row of the layer table says.
enum ImportRule {
  /// Files of pure targets that need Foundation's `Data` because SwiftProtobuf speaks it.
  static let foundationFiles = ["Sources/FleetProtocol/Message.swift"]

  static func violations(in file: SourceFile, layers: LayerTable) -> [Violation] {
    guard let target = layers.target(of: file.path), !file.path.hasSuffix(".pb.swift") else {
      return []
    }
    return imports(of: file).compactMap { line, module in
      if let other = layers.targets.first(where: { $0.name == module }) {
        guard other.layer >= target.layer else { return nil }
        return file.violation(
          line, "import-direction",
          "\(target.name) (layer \(target.layer)) imports \(module) (layer \(other.layer)); "
            + "import lower layers only, or move the code above both")
      }
      if module == "Foundation", foundationFiles.contains(file.path) { return nil }
      if let owner = layers.targets.first(where: { $0.ownModules.contains(module) }) {
        guard owner.name != target.name else { return nil }
        return file.violation(
          line, "import-owner", "only \(owner.name) imports \(module); go through \(owner.name)")
      }
      guard let allowed = target.outsideModules, !allowed.contains(module) else { return nil }
      return file.violation(
        line, "import-outside",
        "\(target.name) is pure and does not import \(module); pass the value in from an edge, "
          + "or name the module in \(LayerTable.path)")
    }
  }

  /// Imported modules with their line numbers, counted from one.
  static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
    let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    return file.code.enumerated().compactMap { index, code in
      let words = code.split(separator: " ")
      guard let keyword = words.firstIndex(of: "import"),
        words[..<keyword].allSatisfy({ $0.hasPrefix("@") || accessLevels.contains(String($0)) })
      else { return nil }
      let rest = words[(keyword + 1)...].drop { kinds.contains(String($0)) }
      guard let module = rest.first?.split(separator: ".").first else { return nil }
      return (index + 1, String(module))
    }
  }

  private static let accessLevels = ["public", "package", "internal", "fileprivate", "private"]
}
