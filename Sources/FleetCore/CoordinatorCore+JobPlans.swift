import Federation
package import FleetProtocol

/// What a job would ask of whom, before anything starts.
package struct JobPlan: Sendable, Equatable {
  /// One of the job's nodes.
  package struct Node: Sendable, Equatable {
    /// The node.
    package var node: Identifier
    /// Code of what keeps it from being asked now; empty where nothing does.
    package var hindrance: String
    /// Milliseconds that it took for a sample in rounds of models with this structure; nil where
    /// there was none.
    package var millisecondsPerSample: Double?
  }

  /// The model that it grows from.
  package var model: ModelRecord
  /// Nodes that a round asks.
  package var asked: Int
  /// The job's nodes in node order.
  package var nodes: [Node]
}

extension CoordinatorCore {
  /// What a job would do; throws as starting it would.
  package func plan(
    _ specification: JobSpecification, at now: Instant
  ) throws(CommandRefusal) -> JobPlan {
    let (job, nodes) = try checked(specification, at: now)
    guard let model = state.models[job.current] else {
      preconditionFailure("the model of \(job.id) was just known")
    }
    let cohort = specification.cohort
    let asked = cohort.target.map { min(($0 * cohort.askedPerMille + 999) / 1_000, nodes.count) }
    let times = trainingTimes(ofModelsLike: model)
    return JobPlan(
      model: model, asked: asked ?? specification.expectedCohort,
      nodes: nodes.sorted().map { node in
        JobPlan.Node(
          node: node, hindrance: candidate(node, isFromAll: false).hindrance?.rawValue ?? "",
          millisecondsPerSample: times[node])
      })
  }

  /// Milliseconds a sample by node, over all rounds of models with the same structure.
  private func trainingTimes(ofModelsLike model: ModelRecord) -> [Identifier: Double] {
    var sums: [Identifier: (milliseconds: Double, samples: Double)] = [:]
    for round in state.rounds.values
    where state.models[round.base]?.structureDigest == model.structureDigest {
      for (node, update) in round.reported {
        let sum = sums[node] ?? (0, 0)
        sums[node] = (
          sum.milliseconds + Double(update.trainingMilliseconds),
          sum.samples + Double(update.samples)
        )
      }
    }
    return sums.compactMapValues { $0.samples > 0 ? $0.milliseconds / $0.samples : nil }
  }

  /// How much of a node's update has come; nil where it announced none to this process.
  package func progress(of node: Identifier, in round: RoundKey) -> (received: UInt64, of: UInt64)?
  {
    uploads[UploadKey(round: round, node: node)].map { ($0.received, $0.announce.size) }
  }
}
