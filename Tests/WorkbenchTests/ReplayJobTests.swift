import CompiledModel
import Foundation
import SpikingNetwork
import Testing
import Workbench

/// A job to replay is held against the chip, and its recording against the job.
@Suite struct ReplayJobTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    _ = try folder.file("a.bin", String(repeating: "\u{1}", count: 12))
    _ = try folder.file("b.bin", String(repeating: "\u{2}", count: 6))
  }

  private let text = """
    {
      "steps": 4, "inputs": 4, "port": {"column": 0, "row": 0},
      "layers": [
        {"name": "a", "neurons": 3, "weights": "a.bin", "threshold": 64, "decay": 1024,
          "cores": [
            {"column": 1, "row": 0, "neurons": 2},
            {"column": 1, "row": 1, "neurons": 1}]},
        {"name": "b", "neurons": 2, "weights": "b.bin", "threshold": 64, "decay": 1024,
          "cores": [{"column": 0, "row": 0, "neurons": 2}]}
      ]
    }
    """

  /// A chip of 4 x 2 tiles of two small cores.
  private func chip(_ change: (inout Chip) -> Void = { _ in }) throws -> Chip {
    var chip = try ShippedChip.chip("loihi")
    chip.name = "lab"
    chip.columns = 4
    chip.rows = 2
    chip.coresPerTile = 2
    chip.core.neurons = 2
    chip.core.inAxons = 4
    chip.core.outAxons = 4
    change(&chip)
    return chip
  }

  private func read(_ text: String, for chip: Chip) throws -> ReplayModel {
    try ReplayModel(contentsOf: folder.file("job.json", text), for: chip)
  }

  private func error(
    _ old: String, _ new: String, _ change: (inout Chip) -> Void = { _ in }
  ) throws -> ConfigurationError {
    try #require(old.isEmpty || text.contains(old), "the job lacks \(old)")
    return try #require(throws: ConfigurationError.self) {
      _ = try read(old.isEmpty ? text : text.replacing(old, with: new), for: try chip(change))
    }
  }

  @Test func `a job that fits is a model of the chip`() throws {
    let model = try read(text, for: try chip()).model
    #expect(model.chip == "lab" && model.cores.map(\.neuronCount) == [2, 1, 2])
    #expect(model.layers.map(\.name) == ["a", "b"])
  }

  @Test(arguments: [
    (#""port": {"column": 0"#, #""port": {"column": 4"#, "port.column", 2),
    (#"{"column": 1, "row": 0"#, #"{"column": 99, "row": 0"#, "layers[0].cores[0].column", 6),
    (#""row": 1, "neurons": 1"#, #""row": 2, "neurons": 1"#, "layers[0].cores[1].row", 7),
    (#""row": 1, "neurons": 1"#, #""row": -1, "neurons": 1"#, "layers[0].cores[1].row", 7),
    (#""name": "b""#, #""name": "a""#, "layers[1].name", 8),
    (#""name": "b""#, #""name": "input""#, "layers[1].name", 8),
    (#""name": "b""#, #""name": "b,c""#, "layers[1].name", 8),
    (#""steps": 4"#, #""steps": 1.5"#, "steps", 2),
    (#""steps": 4"#, #""steps": 65537"#, "steps", 2),
    (#""inputs": 4"#, #""inputs": 0"#, "inputs", 2),
    (#""inputs": 4,"#, #""inputs": 4, "seed": 1,"#, "seed", 2),
    (#""neurons": 3"#, #""neurons": 9223372036854775807"#, "layers[0].neurons", 4),
    (
      #""row": 1, "neurons": 1"#, #""row": 1, "neurons": 9223372036854775807"#,
      "layers[0].cores[1].neurons", 7
    ),
    (#""neurons": 3"#, #""neurons": 4"#, "layers[0].cores", 5),
    (#""weights": "b.bin", "threshold": 64"#, #""weights": "b.bin""#, "layers[1].threshold", 8),
  ])
  func `what is wrong is named by key and line`(
    old: String, new: String, key: String, line: Int
  ) throws {
    let error = try error(old, new)
    #expect(error.key == key, "\(error)")
    #expect(error.file.hasSuffix("job.json:\(line)"), "\(error)")
    #expect(!"\(error)".contains("compile the network again") && !error.cure.isEmpty)
  }

  @Test func `cores are held against the chip`() throws {
    #expect(try error("", "") { $0.core.neurons = 1 }.found == "2 neurons on a core")
    let inAxons = try error("", "") { $0.core.inAxons = 3 }
    #expect(inAxons.found == "4 in-axons on a core")
    #expect(inAxons.expected == "at most 3, `core.inAxons` of lab")
    #expect(try error("", "") { $0.core.outAxons = 1 }.found == "2 out-axons on a core")
    let tile = try error(#"{"column": 1, "row": 1"#, #"{"column": 1, "row": 0"#) {
      $0.coresPerTile = 1
    }
    #expect(tile.found == "core 2 on tile 1,0")
    #expect(tile.expected == "at most 1, `mesh.coresPerTile` of lab")
  }

  @Test func `what the chip cannot compute names the job and the chip`() throws {
    let decay = try error(#""threshold": 64, "decay": 1024"#, #""threshold": 64, "decay": 5000"#)
    #expect(decay.file.hasSuffix("job.json") && decay.expected.contains("lab"), "\(decay)")
    let threshold = try error(#""threshold": 64"#, #""threshold": 2147483647"#)
    #expect(threshold.key == "layers[0].threshold", "\(threshold)")
    let missing = try error("a.bin", "none.bin")
    #expect(missing.file.hasSuffix("none.bin") && missing.found == "no such file or directory")
    let short = try error("a.bin", "b.bin")
    #expect(short.file.hasSuffix("b.bin") && short.found == "6 bytes")
  }

  @Test func `no JSON and no layers are refused`() throws {
    for text in [
      "", "[1]", "{", #"{"steps": 1, "inputs": 1, "port": {"column": 0, "row": 0}, "layers": []}"#,
    ] {
      let chip = try chip()
      let error = try #require(throws: ConfigurationError.self) { _ = try read(text, for: chip) }
      #expect(error.file.contains("job.json") && !error.found.isEmpty)
    }
  }

  private func spikes(_ csv: String) throws -> [[[Int32]]] {
    try read(text, for: try chip()).job.spikes(csv: csv, path: "spikes.csv").map(\.steps)
  }

  @Test func `spikes are read by step and population`() throws {
    let found = try spikes("step,population,neuron\r\n1,input,0\r\n1,input,3\r\n\r\n2,a,2\r\n")
    #expect(found[0] == [[0, 3], [], [], []])
    #expect(found[1] == [[], [2], [], []])
    #expect(
      try spikes("step,population,neuron\n") == [[[Int32]]](repeating: [[], [], [], []], count: 3))
  }

  @Test(arguments: [
    ("step,population,neuron\n\n1,input,0\n\n5,input,0\n", 5),
    ("1,input,4\n", 1), ("1,input,0\n\n\n1,input,0\n", 4), ("1,c,0\n", 1), ("1,a\n", 1),
    ("1,a,0\n1,a,x\n", 2), ("0,a,0\n", 1),
  ])
  func `a wrong line is named by its number in the file`(csv: String, line: Int) throws {
    let error = try #require(throws: ConfigurationError.self) { try spikes(csv) }
    #expect(error.file == "spikes.csv:\(line)", "\(error)")
  }

  @Test func `a long line is cut, and an empty file is no recording`() throws {
    let long = try #require(throws: ConfigurationError.self) {
      try spikes(String(repeating: "x", count: 5_000))
    }
    #expect(long.found.count < 50 && long.found.hasSuffix("...`"))
    for csv in ["", "\n \n"] {
      let empty = try #require(throws: ConfigurationError.self) { try spikes(csv) }
      #expect(empty.found == "an empty file")
    }
  }
}
