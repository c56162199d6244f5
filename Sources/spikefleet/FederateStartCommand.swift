import ArgumentParser
import Federation
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet federate start`.
struct FederateStartCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Let nodes learn together on their chips.",
    discussion: "Settings come from flags, then from the job file, then from the fleet: all "
      + "accepted nodes take part, and each has to report.")

  @OptionGroup var job: JobOptions
  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let client = try context.client()
    let specification = try await job.specification(client)
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
}
