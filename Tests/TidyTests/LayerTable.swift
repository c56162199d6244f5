/// The layers of docs/ARCHITECTURE.md, read from the table between its two markers.
struct LayerTable {
  static let path = "docs/ARCHITECTURE.md"
  static let opening = "<!-- layers -->"
  static let closing = "<!-- /layers -->"

  struct Target {
    let layer: Int
    let name: String
    let folder: String
    /// Modules from outside the package; nil stands for any.
    let outsideModules: [String]?
    /// Modules that no other target imports.
    let ownModules: [String]
  }

  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  let targets: [Target]

  /// Reads rows of five cells: layer, target, folder, outside modules, own modules.
  init(markdown: String) throws(Malformed) {
    let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let first = lines.firstIndex(of: Self.opening),
      let last = lines.firstIndex(of: Self.closing), first < last
    else {
      throw Malformed(
        description: "\(Self.path): no table between \(Self.opening) and \(Self.closing)")
    }
    var targets: [Target] = []
    for line in lines[first...last] where line.hasPrefix("|") {
      let cells = Self.cells(line)
      guard cells.count == 5 else {
        throw Malformed(description: "\(Self.path): a row needs five cells: \(line)")
      }
      guard let layer = Int(cells[0]) else { continue }
      targets.append(
        Target(
          layer: layer, name: cells[1], folder: cells[2],
          outsideModules: cells[3] == "any" ? nil : Self.names(cells[3]),
          ownModules: Self.names(cells[4])))
    }
    guard !targets.isEmpty else {
      throw Malformed(description: "\(Self.path): the layer table has no rows")
    }
    self.targets = targets
  }

  func target(of path: String) -> Target? {
    targets.first { path.hasPrefix($0.folder + "/") }
  }

  /// Where the table and the folders on disk differ.
  func differences(from folders: [String]) -> [Violation] {
    let listed = targets.map(\.folder)
    let unlisted = folders.filter { !listed.contains($0) }.map {
      Violation(
        path: Self.path, line: 1, rule: "layer-table",
        cure: "folder \($0) has no row; give its target a layer")
    }
    let vanished = listed.filter { !folders.contains($0) }.map {
      Violation(
        path: Self.path, line: 1, rule: "layer-table",
        cure: "folder \($0) does not exist; take its row out")
    }
    return unlisted + vanished
  }

  private static func cells(_ line: String) -> [String] {
    line.dropFirst().split(separator: "|", omittingEmptySubsequences: false)
      .dropLast()
      .map { String($0.filter { $0 != "`" }).trimmed }
  }

  private static func names(_ cell: String) -> [String] {
    cell.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
  }
}

extension String {
  /// Without spaces at either end.
  var trimmed: String {
    let start = drop { $0 == " " }
    return String(String(start.reversed()).drop { $0 == " " }.reversed())
  }
}
