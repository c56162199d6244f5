import CompiledModel

/// Which cores of a layer hold synapses of which sources of one origin, as bits.
///
/// Axons are shared: however many synapses and connections a source has on a core, it is one axon.
struct LayerReach {
  /// Layer that sends; nil for the input.
  let source: Int?
  let sourceSize: Int
  private let words: Int
  /// Row-major `[core][source]`.
  private var bits: [UInt64]
  /// For each connection of the layer: by core, how many (pooled) sources have an entry there;
  /// empty for what is not sparse or comes from elsewhere.
  private(set) var rows: [[Int]]

  /// Neurons with indices from `starts[k]` to before `starts[k + 1]` are on core k of the layer.
  init(source: Int?, layer: CompiledLayer, starts: [Int]) {
    self.source = source
    sourceSize = layer.connections.first { $0.source == source }?.sourceSize ?? 0
    words = (sourceSize + 63) / 64
    bits = [UInt64](repeating: 0, count: words * (starts.count - 1))
    rows = [[Int]](repeating: [], count: layer.connections.count)
    for (place, connection) in layer.connections.enumerated() where connection.source == source {
      if case .sparse(let rowStarts, let targets) = connection.layout {
        mark(rowStarts, targets, connection.pooling, starts: starts, place: place)
      } else {
        mark(connection, starts: starts)
      }
    }
  }

  /// How many sources reach a core.
  func sources(of core: Int) -> Int {
    bits[core * words..<(core + 1) * words].reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// Calls `body` with each core and source that reaches it, by core.
  @inline(__always)
  func forEach(_ body: (_ core: Int, _ source: Int) -> Void) {
    for index in bits.indices {
      var rest = bits[index]
      let core = index / max(1, words)
      let first = index % max(1, words) * 64
      while rest != 0 {
        body(core, first + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }

  /// Marks a sparse connection's sources on each core with an entry of theirs.
  private mutating func mark(
    _ rowStarts: [UInt32], _ targets: [UInt32], _ pooling: SourcePooling?, starts: [Int],
    place: Int
  ) {
    let cores = CoreLookup(starts: starts).cores
    let words = words
    var rows = [Int](repeating: 0, count: starts.count - 1)
    bits.withUnsafeMutableBufferPointer { bits in
      rows.withUnsafeMutableBufferPointer { rows in
        targets.withUnsafeBufferPointer { targets in
          cores.withUnsafeBufferPointer { cores in
            for source in 0..<rowStarts.count - 1 {
              var last = UInt32.max
              for entry in Int(rowStarts[source])..<Int(rowStarts[source + 1]) {
                let core = cores[Int(targets[entry])]
                guard core != last else { continue }
                last = core
                rows[Int(core)] += 1
                Self.mark(bits, Int(core) * words, source, pooling)
              }
            }
          }
        }
      }
    }
    self.rows[place] = rows
  }

  private mutating func mark(_ connection: CompiledConnection, starts: [Int]) {
    switch connection.layout {
    case .dense:
      // All cores alike: marked for one and copied.
      var row = [UInt64](repeating: 0, count: words)
      for source in 0..<connection.pooledSize {
        row.withUnsafeMutableBufferPointer { Self.mark($0, 0, source, connection.pooling) }
      }
      for core in 0..<starts.count - 1 {
        for word in 0..<words { bits[core * words + word] |= row[word] }
      }
    case .sparse:
      break
    case .oneToOne:
      for core in 0..<starts.count - 1 {
        for source in starts[core]..<starts[core + 1] { mark(core, source, connection.pooling) }
      }
    case .convolution(let shape):
      mark(shape, connection.pooling, starts: starts)
    }
  }

  private mutating func mark(_ shape: ConvolutionShape, _ pooling: SourcePooling?, starts: [Int]) {
    let channels = shape.outputChannels
    for core in 0..<starts.count - 1 where starts[core] < starts[core + 1] {
      let places = starts[core] / channels...(starts[core + 1] - 1) / channels
      var isReached = [Bool](repeating: false, count: shape.height * shape.width)
      for place in places {
        let top = place / shape.outputWidth * shape.stride - shape.padding
        let left = place % shape.outputWidth * shape.stride - shape.padding
        for y in Self.clipped(top, shape.kernelHeight, shape.height) {
          for x in Self.clipped(left, shape.kernelWidth, shape.width) {
            isReached[y * shape.width + x] = true
          }
        }
      }
      for place in isReached.indices where isReached[place] {
        for channel in 0..<shape.inputChannels {
          mark(core, place * shape.inputChannels + channel, pooling)
        }
      }
    }
  }

  /// The part of a kernel's side that lies within the plane.
  private static func clipped(_ first: Int, _ kernel: Int, _ side: Int) -> Range<Int> {
    let low = max(0, first)
    return low..<max(low, min(side, first + kernel))
  }

  private mutating func mark(_ core: Int, _ source: Int, _ pooling: SourcePooling?) {
    let row = core * words
    bits.withUnsafeMutableBufferPointer { Self.mark($0, row, source, pooling) }
  }

  /// Sets the bit of a source, or those of all sources of a window.
  @inline(__always)
  private static func mark(
    _ bits: UnsafeMutableBufferPointer<UInt64>, _ row: Int, _ source: Int,
    _ pooling: SourcePooling?
  ) {
    guard let pooling else {
      bits[row + (source >> 6)] |= 1 << UInt64(source & 63)
      return
    }
    let width = pooling.width / pooling.window
    let channel = source % pooling.channels
    let top = source / pooling.channels / width * pooling.window
    let left = source / pooling.channels % width * pooling.window
    for y in top..<top + pooling.window {
      for x in left..<left + pooling.window {
        let index = (y * pooling.width + x) * pooling.channels + channel
        bits[row + (index >> 6)] |= 1 << UInt64(index & 63)
      }
    }
  }
}

/// The core of each neuron.
struct CoreLookup {
  let cores: [UInt32]

  init(starts: [Int]) {
    var cores = [UInt32](repeating: 0, count: starts.last ?? 0)
    for core in 0..<starts.count - 1 {
      for neuron in starts[core]..<starts[core + 1] { cores[neuron] = UInt32(core) }
    }
    self.cores = cores
  }
}
