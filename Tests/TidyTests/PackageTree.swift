import Foundation

/// The package on disk: its Swift files, its Markdown files, and what exists beside them.
struct PackageTree {
  let root: URL

  /// The folder of `Package.swift` above this file, links resolved.
  init(from file: String = #filePath) throws {
    var folder = URL(filePath: file).resolvingSymlinksInPath()
    repeat {
      folder.deleteLastPathComponent()
      if FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path) {
        root = folder
        return
      }
    } while folder.path != "/"
    throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "Package.swift"])
  }

  func swiftFiles() throws -> [SourceFile] {
    let folders = ["Sources", "Tests", "agent", "coordinator"]
    let paths = ["Package.swift"] + folders.flatMap { files(under: $0, ending: ".swift") }
    return try paths.map { SourceFile(path: $0, text: try text($0)) }
  }

  func markdownFiles() throws -> [MarkdownFile] {
    let readme = exists("README.md") ? ["README.md"] : []
    return try (readme + files(under: "docs", ending: ".md"))
      .map { MarkdownFile(path: $0, text: try text($0)) }
  }

  /// Every folder that holds one target's sources.
  func targetFolders() throws -> [String] {
    let libraries = try FileManager.default
      .contentsOfDirectory(atPath: root.appending(path: "Sources").path)
      .filter { !$0.hasPrefix(".") }
    return (libraries.map { "Sources/" + $0 } + ["agent", "coordinator"]).sorted()
  }

  func layers() throws -> LayerTable {
    try LayerTable(markdown: try text(LayerTable.path))
  }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  private func files(under folder: String, ending suffix: String) -> [String] {
    let start = root.appending(path: folder).path
    guard let walk = FileManager.default.enumerator(atPath: start) else { return [] }
    return walk.compactMap { $0 as? String }
      .filter { $0.hasSuffix(suffix) }
      .map { folder + "/" + $0 }
      .sorted()
  }
}
