import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Workbench

/// Cases about the compiler.
enum CompilerCases {
  /// Seconds to compile 784-512-10.
  static func dense(_ context: BenchContext) throws -> BenchResult {
    let rates = try Meter.rates(runs: context.runs) {
      _ = try BenchModels.dense(hidden: 512, chip: "loihi-learn", context)
      return 1
    }
    return BenchResult(values: rates.map { 1 / $0 })
  }

  /// Seconds to compile 100,000 neurons with 50 M listed synapses, and the memory it took.
  static func fiftyMillion(_ context: BenchContext) throws -> BenchResult {
    let chip = try ChipFile.chip(contentsOf: "\(context.chips)/generic.yaml")
    let layers = 5
    let size = 20_000
    let fanOut = 500
    var network = BenchModels.network(steps: 10)
    network.populations = [Population(name: "input", size: size, model: .input)]
    for layer in 0..<layers {
      network.populations.append(
        Population(name: "layer\(layer)", size: size, model: .lif(BenchModels.lif)))
      network.projections.append(
        Projection(
          source: network.populations[layer].name, target: "layer\(layer)",
          connectivity: .sparse(sparse(size, fanOut, stream: UInt64(layer)))))
    }
    let start = Meter.threadSeconds()
    let model = try NetworkCompiler.compile(network, for: chip).model
    let bytes = model.encoded().count
    let seconds = Meter.threadSeconds() - start
    let peak = Meter.peakMebibytes()
    return BenchResult(
      values: [seconds],
      facts: [
        ("neurons", "\(layers * size)"), ("synapses", "\(layers * size * fanOut)"),
        ("cores", "\(model.cores.count)"),
        ("modelMiB", BenchResult.number(Double(bytes) / 1_048_576)),
        ("peakMiB", BenchResult.number(peak)),
        ("peakOverModel", BenchResult.number(peak * 1_048_576 / Double(bytes))),
      ])
  }

  /// Each source reaches `fanOut` targets, one in each of as many equal stretches.
  private static func sparse(_ size: Int, _ fanOut: Int, stream: UInt64) -> SparseWeights {
    let random = CounterRandom(seed: 1, purpose: .initialWeights)
    let stretch = size / fanOut
    var sparse = SparseWeights(rowStarts: [0], targets: [], weights: [])
    sparse.targets.reserveCapacity(size * fanOut)
    sparse.weights.reserveCapacity(size * fanOut)
    for source in 0..<size {
      let row = random.stream(stream, UInt64(source))
      for entry in 0..<fanOut {
        let draw = CounterRandom.draw(row, UInt64(entry))
        sparse.targets.append(Int32(entry * stretch + Int(draw % UInt64(stretch))))
        sparse.weights.append(Float(Int16(truncatingIfNeeded: draw >> 32)) / 400_000 + 0.03)
      }
      sparse.rowStarts.append(Int32(sparse.targets.count))
    }
    return sparse
  }
}
