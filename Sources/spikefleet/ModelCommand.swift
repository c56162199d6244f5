import ArgumentParser
import CompiledModel
import Foundation
import Workbench

/// `spikefleet model`.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract:
      "Write examples, train, compile, evaluate, sign, push, list, describe, compare, pull and "
      + "remove models.",
    subcommands: [
      ModelExampleCommand.self, ModelTrainCommand.self, ModelAddClassCommand.self,
      ModelCompileCommand.self, ModelRuleCommand.self,
      ModelEvaluateCommand.self,
      ModelSignCommand.self, ModelVerifyCommand.self, ModelPushCommand.self, ModelListCommand.self,
      ModelDescribeCommand.self, ModelDiffCommand.self,
      ModelPullCommand.self, ModelRemoveCommand.self,
    ])
}

/// A compiled model on disk.
struct ModelFile {
  let path: String
  let bytes: [UInt8]
  let model: CompiledModel

  /// Reads and checks a compiled model; the error names the file.
  init(reading path: String) throws {
    self.path = path
    bytes = [UInt8](try FileContent.read(path, what: "a compiled model"))
    do {
      model = try CompiledModel(reading: bytes)
    } catch {
      throw CommandFailure("\(path): \(error)")
    }
  }
}

/// Whole files, with errors that name them.
enum FileContent {
  static func read(_ path: String, what: String) throws -> Data {
    do {
      return try Data(contentsOf: URL(filePath: path))
    } catch {
      throw CommandFailure(
        "\(path): cannot be read (\(OutputFile.reason(error))), expected \(what); name a file that "
          + "exists and that this user may read")
    }
  }

  /// Appears whole or not at all.
  static func write(_ data: Data, to path: String) throws {
    do {
      try OutputFile.write(data, to: path)
    } catch {
      throw CommandFailure(
        "\(path.isEmpty ? "''" : path): cannot be written (\(error)); name a place with room that "
          + "this user may write")
    }
  }
}
