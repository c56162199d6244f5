import ArgumentParser
import SensorData
import SpikingNetwork
import Workbench

/// `spikefleet data split`.
struct DataSplitCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "split",
    abstract: "Deal labelled samples to nodes, skewed by label: one folder a node.",
    discussion: """
      Each --owns names the labels of a node, as 0-4,7. --share of a label's samples goes evenly \
      to the nodes that own it, the rest evenly to the others; a label that nobody owns goes to \
      all. Or --nodes get their samples by --partition: as many to each by chance, in pieces of \
      what is sorted by label, or each label in shares of a Dirichlet distribution. The seed \
      decides which samples, and their order. Writes FOLDER/node-1 and on.
      """)

  @Argument(help: "Folder of labelled samples, or one that holds MNIST's files.")
  var data: String

  @Option(help: "Labels of a node; once for each node.")
  var owns: [LabelList] = []

  @Option(help: "Share of a label's samples that its owners get, 0 to 1.")
  var share = 1.0

  @Option(
    help: ArgumentHelp(
      "How samples are dealt, instead of --owns: \(SamplePartition.forms).", valueName: "form"))
  var partition: SamplePartition?

  @Option(help: "Nodes of a --partition.")
  var nodes: Int?

  @Option(parsing: .unconditional, help: "Decides which samples go where.")
  var seed: UInt64 = 1

  @Option(help: "Folder that the nodes' folders go to.")
  var to: String

  @OptionGroup var output: OutputOptions

  /// One written folder.
  private struct Written: Encodable {
    var path: String
    var samples: Int
    var perLabel: [Int]
  }

  func validate() throws {
    guard (0...1).contains(share) else {
      throw ValidationError("--share \(share), expected 0 to 1.")
    }
    guard owns.isEmpty == (partition != nil) else {
      throw ValidationError(
        "found \(owns.isEmpty ? "neither" : "both") --owns and --partition, expected one of them.")
    }
    guard (partition == nil) == (nodes == nil), nodes.map({ (1...10_000).contains($0) }) ?? true
    else {
      throw ValidationError("--partition needs --nodes of 1 to 10000, and nothing else does.")
    }
  }

  func perform() async throws {
    let samples = try SampleParts.read(data).training
    let nodes = try deal(samples)
    let classes = Int(samples.labels.max() ?? 0) + 1
    var written: [Written] = []
    for (index, node) in nodes.enumerated() {
      guard !node.isEmpty else {
        throw CommandFailure(
          "\(data): no sample is left for node \(index + 1), expected at least one; let it own "
            + "labels that the data has, or lower --share")
      }
      let path = "\(to)/node-\(index + 1)"
      try SampleFolder.write(node, to: path)
      written.append(
        Written(
          path: path, samples: node.count,
          perLabel: (0..<classes).map { label in node.labels.count { Int($0) == label } }))
    }
    try output.print(written) { written in
      var table = TextTable(
        [.text("SAMPLES IN"), .number("COUNT")] + (0..<classes).map { .number("\($0)") })
      for set in written {
        table.add([set.path, "\(set.samples)"] + set.perLabel.map { "\($0)" })
      }
      Console.write(table.text)
    }
  }

  private func deal(_ samples: LabelledSamples) throws -> [LabelledSamples] {
    if let partition, let nodes {
      return try partition.deal(samples.labels, ids: samples.ids, to: nodes, seed: seed)
        .map { samples.selecting($0) }
    }
    let split = DigitSplit(
      seed: seed, heldOutPerClass: 0, checkPerClass: 0, basePerClass: 0,
      ownedClasses: owns.map(\.labels), ownShare: share)
    return try split.deal(samples).nodes
  }
}
