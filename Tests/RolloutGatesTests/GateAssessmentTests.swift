import RolloutGates
import Testing

/// Gates on streams of twenty nodes, window by window, as a rollout looks at them.
@Suite struct GateAssessmentTests {
  /// How a new model differs from the present one.
  struct Fleet: Sendable {
    var name: String
    /// Chances that the present model alone, or the new one alone, is right.
    var onlyPresent = 0.03
    var onlyNew = 0.03
    var joules = 1.0
    var spikes = 1.0

    /// Evidence of one wave's shadow, `windows` of each node with 20 inputs.
    func evidence(nodes: Int, windows: Int, seed: UInt64) -> GateEvidence {
      var random = SplitMix(state: seed)
      var evidence = GateEvidence()
      var pairs = PairedProportions(onlyFirst: 0, onlySecond: 0, alike: 0)
      for _ in 0..<nodes * windows {
        for _ in 0..<20 {
          let drawn = Double.random(in: 0..<1, using: &random)
          if drawn < onlyPresent {
            pairs.onlyFirst += 1
          } else if drawn < onlyPresent + onlyNew {
            pairs.onlySecond += 1
          } else {
            pairs.alike += 1
          }
        }
        // Both see the same inputs, so that hard ones cost either more.
        let input = 1 + 0.1 * random.normal()
        func cost(_ joules: Double, _ spikes: Double) -> WindowCost {
          WindowCost(
            inferences: 20, joules: 2e-5 * input * joules * (1 + 0.02 * random.normal()),
            spikes: UInt64(max(0, 8_000 * input * spikes * (1 + 0.02 * random.normal()))),
            microseconds: 400)
        }
        evidence.pairs.append(WindowPair(present: cost(1, 1), new: cost(joules, spikes)))
      }
      evidence.accuracy = .paired(pairs)
      evidence.samples = pairs.total
      return evidence
    }
  }

  private static let bounds = GateBounds()

  @Test(
    arguments: [
      (Fleet(name: "5 points less accurate", onlyPresent: 0.08), GateResult.Subject.accuracy),
      (Fleet(name: "30 % more joules", joules: 1.3), .joules),
      (Fleet(name: "a dead layer", onlyPresent: 0.85, onlyNew: 0.01, spikes: 0.2), .accuracy),
      (Fleet(name: "twice the spikes", spikes: 2), .spikesHigh),
      (Fleet(name: "a quarter of the spikes", spikes: 0.25), .spikesLow),
    ])
  func `a worse model never passes, and is stopped by the gate that it breaks`(
    fleet: Fleet, subject: GateResult.Subject
  ) async {
    var stopped = 0
    for seed in 0..<100 as Range<UInt64> {
      // A look after every few windows of one canary, until there is a finding.
      for windows in stride(from: 10, through: 400, by: 10) {
        let assessment = GateAssessment(
          fleet.evidence(nodes: 1, windows: windows, seed: seed), bounds: Self.bounds)
        #expect(assessment.finding != .pass, "\(fleet.name), seed \(seed)")
        guard assessment.finding == .breach else { continue }
        #expect(assessment.results.contains { $0.subject == subject && $0.finding == .breach })
        stopped += 1
        break
      }
      await Task.yield()
    }
    #expect(stopped == 100, "\(fleet.name)")
  }

  @Test func `an equal model passes, and is stopped in none of a hundred fleets`() async {
    let fleet = Fleet(name: "equal")
    var windowsNeeded: [Int] = []
    for seed in 0..<100 as Range<UInt64> {
      for windows in stride(from: 10, through: 1_000, by: 10) {
        let assessment = GateAssessment(
          fleet.evidence(nodes: 1, windows: windows, seed: seed), bounds: Self.bounds)
        #expect(assessment.finding != .breach, "seed \(seed)")
        guard assessment.finding == .pass else { continue }
        windowsNeeded.append(windows)
        break
      }
      await Task.yield()
    }
    #expect(windowsNeeded.count == 100)
    print("windows of 20 inputs until an equal model passes: \(windowsNeeded.sorted()[50])")
  }

  @Test func `little data, no labels and no prices are insufficient, never luck`() {
    let fleet = Fleet(name: "equal")
    var few = fleet.evidence(nodes: 1, windows: 12, seed: 1)
    #expect(GateAssessment(few, bounds: Self.bounds).finding == .insufficient)
    few.accuracy = nil
    let blind = GateAssessment(few, bounds: Self.bounds)
    #expect(blind.finding == .insufficient)
    #expect(blind.results.first { $0.subject == .accuracy }?.estimate == nil)
    var unpriced = fleet.evidence(nodes: 5, windows: 200, seed: 1)
    for index in unpriced.pairs.indices { unpriced.pairs[index].new.joules = nil }
    let found = GateAssessment(unpriced, bounds: Self.bounds)
    #expect(found.finding == .insufficient)
    #expect(found.results.filter { $0.finding != .pass }.map(\.subject) == [.joules])
    #expect(GateAssessment(GateEvidence(), bounds: Self.bounds).finding == .insufficient)
  }

  @Test func `the fewest inputs hold back a pass and no breach`() {
    var bounds = GateBounds(
      accuracyDropMax: nil, spikesRatioMin: nil, spikesRatioMax: nil, samplesMin: 1_000)
    let evidence = Fleet(name: "equal").evidence(nodes: 1, windows: 30, seed: 2)
    #expect(GateAssessment(evidence, bounds: bounds).finding == .insufficient)
    bounds.samplesMin = 600
    #expect(GateAssessment(evidence, bounds: bounds).finding == .pass)
    bounds.samplesMin = 1_000
    let hungry = Fleet(name: "hungry", joules: 1.3).evidence(nodes: 1, windows: 30, seed: 2)
    #expect(GateAssessment(hungry, bounds: bounds).finding == .breach)
  }

  @Test func `without a shadow the node's own past and the control group stand in`() {
    // The stream got harder for everybody by 6 points: no fault of the new model.
    var evidence = GateEvidence()
    evidence.samples = 10_000
    var bounds = GateBounds(
      accuracyDropMax: 0.02, joulesRatioMax: nil, spikesRatioMin: nil, spikesRatioMax: nil)
    for (controlLoss, finding) in [(0.06, GateFinding.pass), (0, .breach)] {
      var random = SplitMix(state: 3)
      var losses = MeanOfPairs()
      for _ in 0..<200 {
        func share(_ chance: Double) -> Double {
          Double((0..<50).count { _ in random.chance(chance) }) / 50
        }
        losses.add(share(0.95) - share(0.89) - controlLoss)
      }
      evidence.accuracy = .apart(losses)
      #expect(GateAssessment(evidence, bounds: bounds).finding == finding)
    }
    // Nodes without labels are held to agreement.
    bounds = GateBounds(
      accuracyDropMax: nil, joulesRatioMax: nil, spikesRatioMin: nil, spikesRatioMax: nil,
      disagreementMax: 0.05)
    for (differing, finding) in [(20, GateFinding.pass), (120, .breach), (50, .insufficient)] {
      evidence.disagreements = ProportionContrast.Arm(hits: UInt64(differing), of: 1_000)
      #expect(GateAssessment(evidence, bounds: bounds).finding == finding)
    }
  }
}
