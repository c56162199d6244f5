import CompiledModel
import Federation
import FleetCore
import FleetProtocol
import SpikingNetwork
import Testing
import Workbench

/// Each layer is merged as what trains it asks for, unless a job says otherwise.
@Suite struct MergePlanTests {
  /// Five neurons that compete for what they stand for; with a second layer behind them if asked.
  private static func rivals(feeding: Bool = false) -> SpikingNetwork {
    var rivals = Population(
      name: "rivals", size: 5, model: .lif(LIFParameters(tauMem: 0.02, vThreshold: 2)))
    rivals.competition = WinnerTakeAll(inhibition: 1)
    if !feeding { rivals.classes = 3 }
    let rule = PlasticityRule.pairSTDP(
      PairSTDPRule(aPlus: 0.01, aMinus: 0.001, weightMin: 0, weightMax: 1))
    var network = SpikingNetwork(
      name: "rivals", timeStep: 0.001, steps: 20, encoder: .bernoulli(seed: 2),
      populations: [Population(name: "input", size: 12, model: .input), rivals],
      projections: [
        Projection(
          source: "input", target: "rivals",
          weights: InitialWeights.uniform(count: 60, limit: 0.3, seed: 1, stream: 0),
          plasticity: rule)
      ])
    if feeding {
      network.populations.append(
        Population(
          name: "readout", size: 3, model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: 0.02))
        ))
      network.projections.append(
        Projection(
          source: "rivals", target: "readout",
          weights: InitialWeights.uniform(count: 15, limit: 0.3, seed: 2, stream: 1)))
    }
    return network
  }

  private func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch let error as AggregationError {
      return error.code
    } catch let error as JobCheck.Refusal {
      return error.code
    } catch {
      return "\(error)"
    }
  }

  @Test func `rivals are aligned, what an error trains is averaged`() throws {
    let rivals = try MergePlan(try PublishedModel(Self.rivals()).model)
    #expect(rivals.layers.map(\.rule) == [.alignAverage] && rivals.movesNeurons)
    let trained = try MergePlan(try PublishedModel().model)
    #expect(trained.layers.map(\.rule) == [.average, .average] && !trained.movesNeurons)
    #expect(trained.layers.map(\.name) == ["hidden", "output"])
  }

  @Test func `a rule that does not fit is refused with the layer and the reason`() throws {
    let model = try PublishedModel(Self.rivals()).model
    for rule in [MergeRule.majorityVote, .averageTimeConstants, .keepLocal] {
      #expect(code { _ = try MergePlan(model, ["rivals": rule]) } == "merge-rule", "\(rule)")
    }
    #expect(code { _ = try MergePlan(model, ["rival": .average]) } == "merge-rule")
    #expect(code { _ = try MergePlan(model, ["rivals": .unionPrune]) } == nil)
    let feeding = try PublishedModel(Self.rivals(feeding: true)).model
    let error = #expect(throws: AggregationError.self) { _ = try MergePlan(feeding) }
    #expect(error.map { "\($0)" }?.contains("its neurons feed `readout`") == true)
    #expect(code { _ = try MergePlan(feeding, ["rivals": .average]) } == nil)
  }

  @Test func `what moves neurons does not go with what a node left out`() throws {
    let model = try PublishedModel(Self.rivals()).model
    var job = JobSpecification(
      name: "job", model: "", rounds: 1, samplesPerRound: 1, nodes: ["a", "b"], minimumReports: 2,
      deadlineMilliseconds: 1, attemptsMax: 1, maxRegression: 1, seed: 1)
    #expect(code { _ = try JobCheck.plan(job, of: model) } == nil)
    job.minimumReports = 3
    #expect(code { _ = try JobCheck.plan(job, of: model) } == nil, "who starts it says so by name")
    job.compression = .topK(perMille: 50, bytes: false)
    #expect(code { _ = try JobCheck.plan(job, of: model) } == "residual-moved-neurons")
    job.merge = ["rivals": .average]
    #expect(code { _ = try JobCheck.plan(job, of: model) } == nil)
  }

  // MARK: merging

  /// Five neurons, each with a strong input of its own and spikes for one class, in this order.
  private func layer(_ order: [Int], strength: Int16 = 12_000) -> (
    weights: [Int16], counts: [Int16]
  ) {
    var weights = [Int16](repeating: 0, count: 60)
    var counts = [Int16](repeating: 0, count: 15)
    for (neuron, meaning) in order.enumerated() {
      weights[(2 * meaning) * 5 + neuron] = strength
      weights[(2 * meaning + 1) * 5 + neuron] = strength / 2
      counts[neuron * 3 + meaning % 3] = 40
    }
    return (weights, counts)
  }

  private func merged(
    _ learnt: [(weights: [Int16], counts: [Int16])], _ rule: MergeRule? = nil
  ) throws -> [[Int16]] {
    let published = try PublishedModel(Self.rivals())
    let manifest = published.manifest()
    let base = try published.record(manifest)
    let job = try #require(Identifier("learn"))
    let order = AggregationOrder(
      key: RoundKey(job: job, round: 1, attempt: 1), sealedHash: base.digest, base: base,
      published: base.digest,
      updates: try learnt.indices.map { index in
        SealedEntry(
          node: try #require(Identifier("node-\(index)")), digest: base.digest, samples: 10)
      }, merge: rule.map { ["rivals": $0] } ?? [:])
    let state = published.model.learnedState
    let updates = learnt.map { layer in
      UpdateBytes(
        ModelUpdate(
          base: base.digest.bytes, samples: 10, correct: 0,
          layers: zip(
            UpdateDoor.shape(of: published.model), zip(state, [layer.weights, layer.counts])
          )
          .map { shape, values in
            LayerDelta(
              layer: shape.layer, exponent: shape.exponent,
              deltas: zip(values.0, values.1).map { Int32($1) - Int32($0) })
          }
        ).encoded())
    }
    return try RoundAggregator(federationKeys: [published.federation]).aggregate(
      order, base: published.bytes, published: (manifest, published.bytes), updates: updates,
      at: published.now
    ).model.learnedState
  }

  @Test func `aligned neurons keep what they stand for, whichever number they have`() throws {
    let first = layer([0, 1, 2, 3, 4])
    let second = layer([3, 0, 4, 2, 1])
    let aligned = try merged([first, second])
    #expect(aligned == [first.weights, first.counts])
    // The mean of what has one number is nobody's prototype: the collapse that alignment avoids.
    let naive = try merged([first, second], .average)
    #expect(naive[0] != first.weights && naive[0].max().map { $0 < 12_000 } == true)
  }

  @Test func `a union keeps what only one node has seen`() throws {
    // Both know 0 and 1 in their first places; each has seen one thing that the other has not.
    let first = layer([0, 1, 2, 0, 1])
    let second = layer([0, 1, 3, 0, 1])
    let united = try merged([first, second], .unionPrune)[0]
    let seen = (0..<5).compactMap { meaning in
      (0..<5).contains { united[(2 * meaning) * 5 + $0] == 12_000 } ? meaning : nil
    }
    #expect(seen == [0, 1, 2, 3])
    #expect(try merged([first, second], .unionPrune)[0] == united)
  }
}
