import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet federate start`.
struct FederateStartCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Let nodes learn together on their chips.",
    discussion: "Settings come from flags, then from the job file, then from the fleet: all "
      + "accepted nodes take part, and each has to report.")

  @Argument(help: "Job file (YAML); its keys are the flags' names in camel case.")
  var file: String?

  @Option(help: "Name of the job.")
  var name: String?

  @Option(help: "Name of the model, its digest, or at least 8 first digits of it.")
  var model: String?

  @Option(help: "Rounds to run.")
  var rounds: UInt32?

  @Option(help: "Samples each node trains in a round.")
  var samplesPerRound: UInt32?

  @Option(name: .long, help: "A node that takes part; once for each.")
  var node: [String] = []

  @Option(parsing: .unconditional, help: "Reports without which a round fails.")
  var minimumReports: Int?

  @Option(help: "Seconds from the offer until a round is sealed or failed.")
  var deadlineSeconds: UInt32?

  @Option(help: "Attempts per round before the job fails.")
  var attempts: UInt32?

  @Option(
    parsing: .unconditional,
    help: "Points of held-out accuracy that a merged model may lose against the best one.")
  var maxRegression: Double?

  @Option(parsing: .unconditional, help: "Seed of the nodes' rounding noise.")
  var seed: UInt64?

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let client = try context.client()
    let job = try merged()
    let specification = try await complete(job, client)
    let answer = try await client.startJob(
      specification, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in
      Console.line(
        "started \(specification.name): \(specification.rounds) rounds of "
          + "\(specification.samplesPerRound) samples on "
          + "\(specification.nodes.joined(separator: ", ")), seed \(specification.seed)")
      Console.line("next: spikefleet federate watch \(specification.name)")
    }
  }

  private func merged() throws -> JobFile {
    var job = try file.map { try JobFile.read($0) } ?? JobFile()
    job.name = name ?? job.name
    job.model = model ?? job.model
    job.rounds = rounds ?? job.rounds
    job.samplesPerRound = samplesPerRound ?? job.samplesPerRound
    job.nodes = node.isEmpty ? job.nodes : node
    job.minimumReports = minimumReports ?? job.minimumReports
    job.deadlineSeconds = deadlineSeconds ?? job.deadlineSeconds
    job.attempts = attempts ?? job.attempts
    job.maxRegression = maxRegression ?? job.maxRegression
    job.seed = seed ?? job.seed
    return job
  }

  private func complete(
    _ job: JobFile, _ client: some FleetService
  ) async throws -> JobSpecification {
    guard let name = job.name, let model = job.model else {
      throw ValidationError(
        "found no \(job.name == nil ? "--name" : "--model"), expected a job with both; give the "
          + "flag, or a job file with the key")
    }
    let deadline = job.deadlineSeconds ?? 600
    guard (1...86_400).contains(deadline) else {
      throw ValidationError("--deadline-seconds: found \(deadline), expected 1 to 86400")
    }
    var nodes = job.nodes ?? []
    if nodes.isEmpty { nodes = try await client.nodes().map(\.name) }
    return JobSpecification(
      name: name, model: model, rounds: job.rounds ?? 10,
      samplesPerRound: job.samplesPerRound ?? 400, nodes: nodes,
      minimumReports: job.minimumReports ?? max(1, nodes.count),
      deadlineMilliseconds: deadline * 1_000, attemptsMax: job.attempts ?? 3,
      maxRegression: job.maxRegression ?? 2, seed: job.seed ?? 1)
  }
}
