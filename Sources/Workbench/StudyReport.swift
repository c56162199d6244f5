import FleetCore

/// What a study has come to, as tables and pictures for people and for other programs.
struct StudyReport {
  private let progress: StudyProgress
  private let nodes: [(name: String, labels: [Int], isPoisoned: Bool)]

  init(
    _ progress: StudyProgress, nodes: [(name: String, labels: [Int], isPoisoned: Bool)]
  ) {
    self.progress = progress
    self.nodes = nodes
  }

  /// One line a round, as comma-separated values; accuracy in percent, bytes as frames.
  var rounds: String {
    var lines = [
      "round,attempts,accuracy,accepted,reports,late,refused,left_out,samples,online_accuracy,"
        + "joules,inference_joules,learning_joules,bytes_up,bytes_down,update_bytes,"
        + "virtual_seconds,joules_per_inference,pooled_accuracy,pooled_joules,model"
    ]
    for round in progress.rounds {
      let online =
        round.samples == 0
        ? "" : Figure.fixed(100 * Double(round.correct) / Double(round.samples), 4)
      let cells = [
        "\(round.round)", "\(round.attempts)", Figure.fixed(round.accuracy, 4),
        round.isAccepted ? "yes" : "no", "\(round.reports)", "\(round.late)", "\(round.refused)",
        "\(round.leftOut)", "\(round.samples)", online, Self.joules(round.nanojoules),
        Self.joules(round.inferenceNanojoules), Self.joules(round.learningNanojoules),
        "\(round.bytesUp)", "\(round.bytesDown)", "\(round.updateBytes)",
        Figure.fixed(Double(round.milliseconds) / 1_000, 3),
        Self.joules(round.nanojoulesPerInference),
        round.pooled.map { Figure.fixed($0.accuracy, 4) } ?? "",
        round.pooled.map { Self.joules($0.nanojoules) } ?? "", round.model.hex,
      ]
      lines.append(cells.joined(separator: ","))
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// One line a node, as comma-separated values; the last columns count its samples by label.
  var nodeTable: String {
    let classes = nodes.first?.labels.count ?? 0
    let head =
      "node,poisoned,reports,late,refused,left_out,learnt,online_accuracy,joules,update_bytes,"
      + "samples" + (progress.lone == nil ? "" : ",lone_accuracy")
    var lines = [([head] + (0..<classes).map { "label_\($0)" }).joined(separator: ",")]
    for (place, (node, done)) in zip(nodes, progress.nodes).enumerated() {
      let online =
        done.samples == 0
        ? "" : Figure.fixed(100 * Double(done.correct) / Double(done.samples), 4)
      let cells = [
        node.name, node.isPoisoned ? "yes" : "no", "\(done.reports)", "\(done.late)",
        "\(done.refused)", "\(done.leftOut)", "\(done.samples)", online,
        Self.joules(done.nanojoules), "\(done.updateBytes)", "\(node.labels.reduce(0, +))",
      ]
      let lone = progress.lone.map { [Figure.fixed($0[place], 4)] } ?? []
      lines.append((cells + lone + node.labels.map { "\($0)" }).joined(separator: ","))
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// Held-out accuracy by round.
  func accuracyPicture(_ name: String) -> String {
    var chart = LineChart(
      title: "\(name): accuracy by round", horizontal: "round",
      vertical: "held-out accuracy, percent")
    let rounds = progress.rounds
    chart.add("federated", rounds.map { (Double($0.round), $0.accuracy) })
    chart.add(
      "pooled on one chip",
      rounds.compactMap { round in round.pooled.map { (Double(round.round), $0.accuracy) } })
    return chart.svg
  }

  /// Held-out accuracy by the joules that all chips have used until then.
  func energyPicture(_ name: String) -> String {
    var chart = LineChart(
      title: "\(name): accuracy by energy", horizontal: "joules of all chips",
      vertical: "held-out accuracy, percent")
    var sum: UInt64 = 0
    chart.add(
      "federated",
      progress.rounds.map { round in
        sum += round.nanojoules
        return (Double(sum) * 1e-9, round.accuracy)
      })
    chart.add(
      "pooled on one chip",
      progress.rounds.compactMap { round in
        round.pooled.map { (Double($0.nanojoules) * 1e-9, $0.accuracy) }
      })
    return chart.svg
  }

  /// Joules to the nanojoule, without a rounding on the way.
  private static func joules(_ nanojoules: UInt64) -> String {
    let (whole, part) = nanojoules.quotientAndRemainder(dividingBy: 1_000_000_000)
    let digits = "\(part)"
    return "\(whole)." + String(repeating: "0", count: 9 - digits.count) + digits
  }
}
