import ArgumentParser
import FleetAPI
import FleetCore
import Foundation
import Workbench

/// `spikefleet deploy [model]`.
struct DeployModelCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Set which model nodes should run, all at once.",
    discussion: """
      `spikefleet deploy MODEL` is the same. Ends with status 1 when a node refuses the model or \
      is not ready in time. --shadow and --probe come one after the other: a shadow runs until the \
      next order, so look at it first and then deploy the same model again with --probe.
      """)

  @Argument(help: "Name of the model, its digest, or at least 8 first digits of it.")
  var model: String

  @Option(name: .long, help: "A node; once for each. All nodes that take work unless given.")
  var node: [String] = []

  @Flag(help: "Let nodes run a lower release than they have run; an event records it.")
  var allowRollback = false

  @Flag(help: "Only try the model: nodes may still go back to what they run now.")
  var trial = false

  @Option(
    parsing: .unconditional,
    help: "Only run the model beside what serves, on so many percent of the inferences.")
  var shadow: Double?

  @Option(
    parsing: .unconditional,
    help: "Let nodes go back by themselves when so many first inferences speak against the model.")
  var probe: UInt32 = 0

  @Option(help: "A smaller model that answers when a node's energy is short; once for each.")
  var standIn: [String] = []

  @Flag(help: "Let the model go on learning from the node's own samples while it serves.")
  var learn = false

  @Flag(help: "Let it begin with what the model before it has learnt on the node.")
  var carryLearning = false

  @Option(
    parsing: .unconditional,
    help: "Wait so many seconds until every node runs the model; 0 does not wait.")
  var wait = 0

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (0...86_400).contains(wait) else {
      throw ValidationError("--wait: found \(wait), expected 0 to 86400 seconds")
    }
    if let shadow, !(0.1...100).contains(shadow) {
      throw ValidationError("--shadow: found \(shadow), expected 0.1 to 100 percent")
    }
    guard shadow == nil || probe == 0 else {
      throw ValidationError(
        "found --shadow and --probe, expected one of them: a shadow answers nothing that a probe "
          + "could judge; deploy again with --probe when it has shown enough")
    }
    guard probe <= ServingTerms.probeInferencesMax else {
      throw ValidationError(
        "--probe: found \(probe), expected 0 to \(ServingTerms.probeInferencesMax) inferences")
    }
  }

  private var request: DeployRequest {
    var request = DeployRequest(
      model: model, nodes: node, allowRollback: allowRollback ? true : nil,
      trial: trial ? true : nil, shadowPerMille: shadow.map { UInt32(($0 * 10).rounded()) },
      probeInferences: probe > 0 ? probe : nil)
    request.standIns = standIn.isEmpty ? nil : standIn
    request.learns = learn ? true : nil
    request.carriesLearning = carryLearning ? true : nil
    return request
  }

  func perform() async throws {
    let client = try context.client()
    let answer = try await client.deploy(
      request, requestID: FleetClient.newRequestID()
    ).orThrow()
    let started = ContinuousClock.now
    if wait == 0 {
      try output.print(answer) { Console.line("deployed: \($0.detail)") }
      return
    }
    let status = StatusLine()
    let deadline = started.advanced(by: .seconds(wait))
    while true {
      // Whom the order is for: nodes that take no work got none, whatever they lack.
      let views = try await client.nodes().filter { $0.desiredGeneration == answer.detail }
      guard !views.isEmpty else {
        status.clear()
        throw CommandFailure(
          "another order took the place of this one on every node; `spikefleet events` shows it")
      }
      let isDone = views.allSatisfy(\.runsWhatItShould)
      let refused = views.filter(\.refusesWhatItShould)
      let isLate = ContinuousClock.now > deadline
      guard !isDone, refused.isEmpty, !isLate else {
        status.clear()
        try report(views, seconds: (ContinuousClock.now - started) / .seconds(1))
        try judge(views, refused: refused, isDone: isDone)
        return
      }
      status.show(views.map { "\($0.name) \($0.progress)" }.joined(separator: ", "))
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private func report(_ views: [NodeView], seconds: Double) throws {
    try output.print(views) { views in
      Console.write(NodeTables.list(views).text)
      Console.line("after \(Figure.fixed(seconds, 1)) s")
    }
  }

  private func judge(_ views: [NodeView], refused: [NodeView], isDone: Bool) throws {
    if let view = refused.first {
      throw CommandFailure(
        "\(view.name): \(view.phase ?? "refused") the model, \(view.code): \(view.detail)"
          + (refused.count > 1 ? " (and \(refused.count - 1) other nodes)" : ""))
    }
    guard !isDone else { return }
    let late = views.filter { !$0.runsWhatItShould }.map { "\($0.name) (\($0.progress))" }
    throw CommandFailure(
      "not ready within \(wait) s: \(late.joined(separator: ", ")); the order stands and is "
        + "carried out when they are back: `spikefleet node list` shows it")
  }
}

extension NodeView {
  /// Whether the node reports that the model runs as it was told to: it serves, or runs along.
  var runsWhatItShould: Bool {
    hasReportedOnItsOrder && (phase == "active" || phase == "shadowing")
  }

  /// Whether the node said for good that it does not run that model.
  var refusesWhatItShould: Bool {
    hasReportedOnItsOrder && ["refused", "failed", "reverted"].contains(phase)
  }

  /// Whether its last report is about the order that stands, not about an older one.
  private var hasReportedOnItsOrder: Bool {
    desiredModel != nil && observedModel == desiredModel
      && observedGeneration == desiredGeneration
  }

  /// One word for a status line.
  var progress: String {
    guard hasReportedOnItsOrder, let phase else {
      return liveness == "online" ? "waiting" : liveness
    }
    return phase
  }
}
