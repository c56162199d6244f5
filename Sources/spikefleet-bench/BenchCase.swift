import NetworkTraining

/// One thing that is measured.
struct BenchCase: Sendable {
  let name: String
  let unit: String
  /// Whether it wants a process of its own, to know its peak memory.
  var needsProcess = false
  let run: @Sendable (BenchContext) throws -> BenchResult

  static let all: [BenchCase] =
    [
      BenchCase(
        name: "chip.infer.dense784-512-10.sops", unit: "synaptic operations/CPU-second",
        run: { try InferenceCases.dense($0).operations }),
      BenchCase(
        name: "chip.infer.dense784-512-10.samples", unit: "samples/CPU-second",
        run: { try InferenceCases.dense($0).samples }),
      BenchCase(
        name: "chip.infer.dense784-512-10.rss", unit: "MiB",
        run: InferenceCases.densePeakMemory),
      BenchCase(
        name: "chip.infer.conv.sops", unit: "synaptic operations/CPU-second",
        run: { try InferenceCases.convolution($0).operations }),
      BenchCase(
        name: "chip.infer.recurrent.sops", unit: "synaptic operations/CPU-second",
        run: { try InferenceCases.recurrent($0).operations }),
      BenchCase(
        name: "chip.infer.binary.sops", unit: "synaptic operations/CPU-second",
        run: { try InferenceCases.binary($0).operations }),
      BenchCase(
        name: "chip.stdp.784-400.events", unit: "synaptic events/CPU-second",
        run: LearningCases.pairSTDP),
      BenchCase(
        name: "chip.learn.program.known", unit: "times as long as built in",
        run: LearningCases.knownProgram),
      BenchCase(
        name: "chip.learn.program.unknown", unit: "times as long as built in",
        run: LearningCases.unknownProgram),
      BenchCase(
        name: "chip.learn.program.triplet", unit: "times as long as pairs",
        run: LearningCases.triplets),
      BenchCase(
        name: "chip.threefactor.784-128-10.samples", unit: "samples/CPU-second",
        run: { try LearningCases.threeFactor($0).samples }),
      BenchCase(
        name: "chip.threefactor.784-128-10.ratio", unit: "learning/inference",
        run: { try LearningCases.threeFactor($0).ratio }),
      BenchCase(
        name: "chip.learn.wta-stdp-100", unit: "samples/CPU-second",
        run: { try WinnerTakeAllCase.samples($0) }),
    ]
    + LearningCases.forms.map { form in
      BenchCase(
        name: "chip.threefactor.\(form.rawValue).samples", unit: "samples/CPU-second",
        run: { try LearningCases.threeFactor($0, form).samples })
    }
    + InferenceCases.scalingSizes.map { size in
      BenchCase(
        name: "chip.scaling.\(size)", unit: "ns/synaptic operation",
        run: { try InferenceCases.scaling($0, hidden: size) })
    } + [
      BenchCase(
        name: "compile.784-512-10.seconds", unit: "CPU-seconds",
        run: CompilerCases.dense),
      BenchCase(
        name: "compile.50M-synapses.seconds", unit: "CPU-seconds", needsProcess: true,
        run: CompilerCases.fiftyMillion),
      BenchCase(
        name: "fleet.telemetry.samples_per_second", unit: "samples/second",
        run: TelemetryCases.samplesPerSecond),
      BenchCase(
        name: "fleet.telemetry.bytes_per_sample", unit: "bytes/sample",
        run: TelemetryCases.bytesPerSample),
      BenchCase(
        name: "fleet.backup.pause", unit: "milliseconds", run: BackupCases.pause),
      BenchCase(
        name: "fleet.transfer.ratio", unit: "of bare libzmq",
        run: { try TransferCases.ratio($0, joined: true) }),
      BenchCase(
        name: "fleet.transfer.ratio.unsynced", unit: "of bare libzmq",
        run: { try TransferCases.ratio($0, joined: false) }),
    ] + FleetCases.cases + RolloutCases.cases + AggregationCases.cases + RoundCases.cases
}

/// What a case measured.
struct BenchResult {
  /// One value for each run.
  let values: [Double]
  /// Further facts, by name, in order.
  var facts: [(name: String, value: String)] = []

  /// The middle one of the values.
  var median: Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The case as one line of JSON.
  func line(case name: String, unit: String) -> String {
    var fields = [
      "\"case\":\"\(name)\"", "\"value\":\(Self.number(median))", "\"unit\":\"\(unit)\"",
      "\"runs\":\(values.count)", "\"low\":\(Self.number(values.min() ?? 0))",
      "\"high\":\(Self.number(values.max() ?? 0))",
    ]
    fields += facts.map { "\"\($0.name)\":\($0.value)" }
    return "{" + fields.joined(separator: ",") + "}"
  }

  /// Four significant digits or more, and a form that JSON knows.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value >= 1000 { return "\(Int(value.rounded()))" }
    return "\((value * 1e6).rounded() / 1e6)"
  }
}
