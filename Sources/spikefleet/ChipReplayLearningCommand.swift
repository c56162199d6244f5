import ArgumentParser
import SensorData
import Workbench

/// `spikefleet chip replay-learning`.
struct ChipReplayLearningCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay-learning",
    abstract: "Compute again what a node learnt, and compare it by SHA-256.",
    discussion: """
      An agent writes a record of each training run into `learning` of its state folder: the model \
      it started from, seed, ordinals, settings, and digests of its stream and of what came of it. \
      With the same model and stream the same weights come of it on any machine. Exits with 1 if \
      they differ.
      """)

  @Argument(help: "The record (JSON).")
  var record: String

  @Option(help: "Compiled model that the run started from.")
  var model: String

  @Option(help: "Folder of the node's stream.")
  var data: String

  @OptionGroup var output: OutputOptions

  /// What came of it.
  private struct Replayed: Encodable {
    var round: String
    var samples: UInt32
    var recorded: String
    var learnedState: String
    var agrees: Bool
  }

  func perform() async throws {
    let record = try LearningRecord.read(record)
    let file = try ModelFile(reading: model)
    let samples = try SampleFolder.read(data)
    let stream = NodeStream(samples, events: try StreamEvents.read(data, for: samples))
    let computed = try record.replayed(file.bytes, stream: stream)
    let replayed = Replayed(
      round: record.round, samples: record.samples, recorded: record.learnedState,
      learnedState: computed.learnedState, agrees: computed == record)
    try output.print(replayed) { replayed in
      Console.line(
        "round \(replayed.round), \(replayed.samples) samples: "
          + (replayed.agrees ? "the same weights" : "OTHER WEIGHTS"))
      Console.line("recorded \(replayed.recorded)")
      Console.line("computed \(replayed.learnedState)")
    }
    if !replayed.agrees { throw ExitCode.refused }
  }
}
