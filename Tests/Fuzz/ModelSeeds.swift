import CompiledModel
import Foundation

/// Writes the fixtures of `Tests/CompiledModelTests` into the folder that it is given.
@main
struct ModelSeeds {
  static func main() throws {
    let folder = URL(fileURLWithPath: CommandLine.arguments[1], isDirectory: true)
    for fixture in ModelFixture.allCases {
      let file = fixture.model.encoded()
      let pieces = ModelPieces.pieces(of: file)
      let restored = pieces.withUnsafeBufferPointer(ModelPieces.file)
      precondition(restored == file, "the pieces of \(fixture) are not its file")
      try Data(pieces).write(to: folder.appending(path: "\(fixture)"))
    }
  }
}
