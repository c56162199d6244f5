import CKernels
import CompiledModel

/// A connection as the kernels run it.
struct ConnectionPlan: Sendable {
  /// What sums its weights.
  enum Synapses: Sendable {
    case dense(weights: WeightBlock, stride: Int, targets: Int, rowsMax: Int)
    case convolution(ConvolutionPlan)
    case sparse(rowStarts: Block<UInt32>, synapses: Block<UInt32>, touched: Block<UInt8>)
    case oneToOne(weight: Int32)
  }

  /// Weights that stay, those that inference sees of weights that learn, or the latter themselves.
  enum WeightBlock: Sendable {
    case fixed(Block<Int8>)
    case view(Block<Int8>)
    case learning(Block<Int16>)
  }

  let index: CompiledModel.ConnectionIndex
  /// Position of its source among the populations.
  let source: Int
  let delay: Int
  /// Windows by place of the source's plane, where spikes are listed anew.
  let pool: PoolPlan?
  let synapses: Synapses
  let shift: Int32
  /// Where the sums of one reading go, on chips that convert them.
  let columnSums: Block<Int32>?
  /// Whether each source reaches each target; who is reached else is in its `ArrivalPlan`.
  let reachesAll: Bool

  /// Whether intensities act through it once a sample, rather than spikes.
  let isDirect: Bool

  /// Whether its kernel can replace inputs rather than add to them.
  var replacesInputs: Bool {
    switch synapses {
    case .dense, .convolution: true
    case .sparse, .oneToOne: false
    }
  }

  init(
    _ model: CompiledModel, _ index: CompiledModel.ConnectionIndex, _ plastic: PlasticPlan?,
    _ builder: inout PlanBuilder
  ) {
    let connection = model[index]
    let size = model.layers[index.layer].size
    self.index = index
    source = (connection.source ?? -1) + 1
    delay = connection.delay
    isDirect = connection.source == nil && model.input == .directCurrent
    shift = model.arithmetic.inputShift + connection.shift
    let weights = connection.inferenceWeights
    var pools = connection.pooling != nil
    reachesAll = connection.layout == .dense
    columnSums = model.arithmetic.columnConverter.map { _ in
      builder.scratch(PlanBuilder.padded(size), of: Int32.self)
    }
    switch connection.layout {
    case .dense:
      let stride = plastic?.stride ?? Self.denseStride(size)
      let block: WeightBlock
      if let plastic {
        block = plastic.view.map(WeightBlock.view) ?? .learning(plastic.learning)
      } else {
        block = .fixed(
          builder.constant(Self.rows(of: weights, size, stride: stride)))
      }
      synapses = .dense(
        weights: block, stride: stride, targets: (size + 15) / 16 * 16,
        rowsMax: Int(Int16.max) / max(1, Self.largest(weights, plastic)))
    case .sparse(let rowStarts, let targets) where Self.isCrowded(connection, size):
      let rows = Self.rows(rowStarts, targets, weights, size, stride: Self.denseStride(size))
      synapses = .dense(
        weights: .fixed(builder.constant(rows)), stride: Self.denseStride(size),
        targets: (size + 15) / 16 * 16,
        rowsMax: Int(Int16.max) / max(1, Self.largest(weights, nil)))
    case .sparse(let rowStarts, let targets):
      let entries = zip(targets, weights).map { $0 << 8 | UInt32(UInt8(bitPattern: $1)) }
      synapses = .sparse(
        rowStarts: builder.constant(rowStarts), synapses: builder.constant(entries),
        touched: builder.scratch(PlanBuilder.padded(size), of: UInt8.self))
    case .oneToOne:
      synapses = .oneToOne(weight: Int32(weights.first ?? 0) << shift)
    case .convolution(let shape):
      synapses = .convolution(
        ConvolutionPlan(shape, weights, connection.pooling, targets: size, &builder))
      pools = false
    }
    pool =
      pools ? connection.pooling.map { PoolPlan($0, &builder) } : nil
  }

  /// Whether so many pairs are listed that whole rows are faster, zeros included.
  private static func isCrowded(_ connection: CompiledConnection, _ size: Int) -> Bool {
    let pairs = connection.pooledSize * size
    return connection.weights.count * 16 > pairs && pairs < 1 << 22
  }

  /// Whole rows of listed weights.
  private static func rows(
    _ rowStarts: [UInt32], _ targets: [UInt32], _ weights: [Int8], _ size: Int, stride: Int
  ) -> [Int8] {
    var rows = [Int8](repeating: 0, count: (rowStarts.count - 1) * stride)
    for source in 0..<rowStarts.count - 1 {
      for entry in Int(rowStarts[source])..<Int(rowStarts[source + 1]) {
        rows[source * stride + Int(targets[entry])] = weights[entry]
      }
    }
    return rows
  }

  private static func largest(_ weights: [Int8], _ plastic: PlasticPlan?) -> Int {
    if plastic != nil { return ChipArithmetic.weightLimit }
    return weights.reduce(0) { max($0, Int($1.magnitude)) }
  }

  /// Rows start on cache lines, unless they would be mostly empty.
  private static func denseStride(_ size: Int) -> Int {
    let stride = (size + 15) / 16 * 16
    return size > 48 ? (size + 63) / 64 * 64 : stride
  }

  /// Rows of weights with something at their ends.
  static func rows<Weight: FixedWidthInteger>(
    of weights: [Weight], _ size: Int, stride: Int, padding: Weight = 0
  ) -> [Weight] {
    guard size != stride else { return weights }
    var rows = [Weight](repeating: padding, count: weights.count / size * stride)
    for row in 0..<weights.count / size {
      for place in 0..<size { rows[row * stride + place] = weights[row * size + place] }
    }
    return rows
  }
}

/// Windows of a source's plane by place, -1 for places that are dropped.
struct PoolPlan: Sendable {
  let places: Block<Int32>
  let channels: Int32
  let list: Block<Int32>

  init(_ pooling: SourcePooling, _ builder: inout PlanBuilder) {
    channels = Int32(pooling.channels)
    places = builder.constant(Self.windows(pooling))
    let sources = pooling.height * pooling.width * pooling.channels
    list = builder.scratch(sources + 1, of: Int32.self)
  }

  /// The window's place for each place.
  static func windows(_ pooling: SourcePooling) -> [Int32] {
    (0..<pooling.height * pooling.width).map { place in
      pooling.window(of: place * pooling.channels).map { Int32($0 / pooling.channels) } ?? -1
    }
  }
}
