import ArgumentParser
import Federation
import FleetCore
import Foundation
import SensorData
import Workbench

/// `spikefleet simulate federate`.
struct SimulateFederateCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "federate",
    abstract: "Run a federated job on simulated nodes that really learn, in one process.",
    discussion: """
      The real state machines of a coordinator and its agents run in virtual time, with the real \
      checks of updates, strategies and compressions, and with chips that learn as on a node. \
      Samples are dealt to the nodes as --partition says. No coordinator is asked, and nothing is \
      installed.

      --out gets rounds.csv, nodes.csv, accuracy.svg, accuracy-per-joule.svg and model.snn, after \
      every round. The same command goes on where it was interrupted, whenever that was, and comes \
      to the same bytes; other inputs for the same folder are refused. The seed of the job decides \
      everything that is drawn.

      Settings come from flags, then from the job file. Nodes that the job does not name are \
      node-1 and on. Without `minimumReports` each node has to report, or half of them with \
      --dropout. Status 1 where the job fails.
      """)

  @Argument(help: "Job file (YAML), as for `federate start`; its `model` is not looked at.")
  var file: String?

  @Option(help: "Compiled model with a learning rule, which the first round starts from.")
  var model: String

  @Option(help: "Folder of labelled samples, or one that holds MNIST's files.")
  var data: String

  @Option(
    help: ArgumentHelp(
      "Folder of held-out samples, or a share of --data to set apart; the test part of MNIST's "
        + "files, else 0.1, unless given.", valueName: "folder-or-share"))
  var check: String?

  @Option(help: "Held-out samples to judge models by, evenly spread; all unless given.")
  var checkSamples: Int?

  @Option(help: "Folder of the study.")
  var out: String

  @Option(help: "Number of nodes; those that the job names unless given.")
  var nodes: Int?

  @OptionGroup var learning: RoundOptions

  @Option(parsing: .unconditional, help: "Seed of everything that is drawn.")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "How samples are dealt to nodes: \(SamplePartition.forms).", valueName: "form"))
  var partition: SamplePartition = .uniform

  @Option(help: "Nodes that are poisoned.")
  var poisoned = 0

  @Option(
    help: ArgumentHelp("What poisoned nodes do: \(StudyAttack.forms).", valueName: "form"))
  var attack: StudyAttack = .signFlip(scale: 1)

  @Option(parsing: .unconditional, help: "Share of the nodes that send nothing in a round.")
  var dropout = 0.0

  @Flag(help: "Let one chip learn from as many samples of all nodes, for comparison.")
  var pooled = false

  @Flag(help: "Let each node also learn as many samples alone in the end, for comparison.")
  var lone = false

  @Option(help: "Nodes that train at a time; one for each processor unless given.")
  var threads: Int?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard nodes.map({ (1...10_000).contains($0) }) ?? true else {
      throw ValidationError("--nodes is 1 to 10000")
    }
    guard threads.map({ (1...1_024).contains($0) }) ?? true else {
      throw ValidationError("--threads is 1 to 1024")
    }
    guard checkSamples.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--check-samples is 1 or more")
    }
  }

  func perform() async throws {
    let plan = try StudyInputs(self).plan()
    let study = try FederatedStudy(
      plan, folder: out, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let status = StudyStatus(rounds: plan.job.rounds)
    if let found = study.progress?.rounds.last?.round, found > 0 {
      status.say("goes on after round \(found) of \(plan.job.rounds)")
    }
    let progress = try study.run { status.show($0) }
    status.clear()
    let summary = StudySummary(plan, progress, study, out: out)
    try output.print(summary) { Console.write($0.text) }
    if case .failed(let detail) = progress.end { throw CommandFailure("the job failed: \(detail)") }
  }
}

extension SamplePartition: ExpressibleByArgument {
  /// Reads a partition as a flag has it.
  package init?(argument: String) { self.init(argument) }
}

extension StudyAttack: ExpressibleByArgument {
  /// Reads an attack as a flag has it.
  package init?(argument: String) { self.init(argument) }
}
