import CompiledModel
import SpikingNetwork

/// Messages of a sample between cores, and from the port where input spikes enter.
struct CoreTraffic {
  struct Link {
    let core: Int
    let messages: Double
  }

  /// By core: others that it sends to or takes from, rising, with the messages of both directions.
  let neighbours: [[Link]]
  /// By core: messages from the port.
  let fromPort: [Double]

  /// Spikes of a sample of neuron `neuron` of layer `layer`, nil for the input.
  init(
    starts: [[Int]], reaches: [[LayerReach]], spikes: (_ layer: Int?, _ neuron: Int) -> Double
  ) {
    var first: [Int] = []
    var count = 0
    for starts in starts {
      first.append(count)
      count += starts.count - 1
    }
    var fromPort = [Double](repeating: 0, count: count)
    var sums = [[Int: Double]](repeating: [:], count: count)
    for (layer, reaches) in reaches.enumerated() {
      for reach in reaches {
        let rates = (0..<reach.sourceSize).map { spikes(reach.source, $0) }
        guard let source = reach.source else {
          reach.forEach { core, neuron in fromPort[first[layer] + core] += rates[neuron] }
          continue
        }
        let lookup = CoreLookup(starts: starts[source]).cores
        var run = (from: -1, to: -1, messages: 0.0)
        func flush() {
          guard run.from >= 0, run.from != run.to else { return }
          sums[min(run.from, run.to)][max(run.from, run.to), default: 0] += run.messages
        }
        reach.forEach { core, neuron in
          let from = first[source] + Int(lookup[neuron])
          let to = first[layer] + core
          if from != run.from || to != run.to {
            flush()
            run = (from, to, 0)
          }
          run.messages += rates[neuron]
        }
        flush()
      }
    }
    var neighbours = [[Link]](repeating: [], count: count)
    for low in sums.indices {
      for (high, messages) in sums[low].sorted(by: { $0.key < $1.key }) {
        neighbours[low].append(Link(core: high, messages: messages))
        neighbours[high].append(Link(core: low, messages: messages))
      }
    }
    self.neighbours = neighbours
    self.fromPort = fromPort
  }

  /// Hops of a sample for cores on these tiles of rows of `columns`, the port on tile 0.
  func hops(tiles: [Int], columns: Int) -> Double {
    var sum = 0.0
    for (core, tile) in tiles.enumerated() {
      sum += fromPort[core] * Double(Self.distance(tile, 0, columns))
      for link in neighbours[core] where link.core > core {
        sum += link.messages * Double(Self.distance(tile, tiles[link.core], columns))
      }
    }
    return sum
  }

  /// Links between two tiles, along the row and the column.
  @inline(__always)
  static func distance(_ one: Int, _ other: Int, _ columns: Int) -> Int {
    abs(one % columns - other % columns) + abs(one / columns - other / columns)
  }
}
