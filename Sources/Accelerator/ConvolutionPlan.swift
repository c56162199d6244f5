import CKernels
import CompiledModel

/// A convolution by places of its source: each spike adds a few lines of weights to targets.
///
/// Kernels are kept flipped, so that weights and targets of a line rise together. With a stride, a
/// spike meets only each stride-th row and column of the kernel: these sub-kernels are kept one
/// after the other.
struct ConvolutionPlan: Sendable {
  let places: Block<ConvolutionPlace>
  let weights: Block<Int8>
  let sums: Block<Int16>
  /// By place of the pooled source, and one for what is dropped: where spikes are.
  let plane: Block<UInt8>
  /// Sources at each place.
  let channels: Int
  let channelWeights: Int
  /// Targets of a line of places.
  let lineTargets: Int
  let targets: Int
  /// Spikes whose sum fits 16 bits.
  let spikesMax: Int

  init(
    _ shape: ConvolutionShape, _ weights: [Int8], _ pooling: SourcePooling?, targets: Int,
    _ builder: inout PlanBuilder
  ) {
    channels = shape.inputChannels
    channelWeights = shape.kernelHeight * shape.kernelWidth * shape.outputChannels
    lineTargets = shape.outputWidth * shape.outputChannels
    self.targets = targets
    let largest = weights.reduce(0) { max($0, Int($1.magnitude)) }
    let window = (pooling?.window ?? 1) * (pooling?.window ?? 1)
    let fanIn = shape.inputChannels * shape.kernelHeight * shape.kernelWidth * window
    spikesMax =
      fanIn * largest <= Int(Int16.max) ? Int(Int32.max) : Int(Int16.max) / max(1, largest)
    sums = builder.scratch(PlanBuilder.padded(targets), of: Int16.self)
    plane = builder.scratch(shape.height * shape.width + 64, of: UInt8.self)
    self.weights = builder.constant(Self.flipped(weights, shape), count: weights.count + 64)
    let pooled = Self.places(shape)
    var dropped = ConvolutionPlace()
    dropped.plane = Int32(pooled.count)
    places = builder.constant(
      pooling.map { PoolPlan.windows($0).map { $0 < 0 ? dropped : pooled[Int($0)] } } ?? pooled)
  }

  /// Where the spikes of each place of the source's plane go, after pooling.
  static func places(_ shape: ConvolutionShape) -> [ConvolutionPlace] {
    var places: [ConvolutionPlace] = []
    for row in 0..<shape.height {
      let lines = SubKernel(
        source: row, kernel: shape.kernelHeight, targets: shape.outputHeight, shape)
      for column in 0..<shape.width {
        let columns = SubKernel(
          source: column, kernel: shape.kernelWidth, targets: shape.outputWidth, shape)
        let plane = Int32(places.count)
        guard lines.count > 0, columns.count > 0 else {
          places.append(
            ConvolutionPlace(target: 0, weight: 0, length: 0, lines: 0, advance: 0, plane: plane))
          continue
        }
        let outputs = shape.outputChannels
        let first =
          start(of: lines.phase, columns.phase, shape)
          + (lines.first * columns.size + columns.first) * outputs
        places.append(
          ConvolutionPlace(
            target: Int32((lines.target * shape.outputWidth + columns.target) * outputs),
            weight: Int32(first), length: Int32(columns.count * outputs),
            lines: Int32(lines.count), advance: Int32(columns.size * outputs), plane: plane))
      }
    }
    return places
  }

  /// Weights before those of a sub-kernel.
  private static func start(of line: Int, _ column: Int, _ shape: ConvolutionShape) -> Int {
    let above = (0..<line).reduce(0) { $0 + SubKernel.size(shape.kernelHeight, $1, shape.stride) }
    let left = (0..<column).reduce(0) { $0 + SubKernel.size(shape.kernelWidth, $1, shape.stride) }
    let height = SubKernel.size(shape.kernelHeight, line, shape.stride)
    return (above * shape.kernelWidth + height * left) * shape.outputChannels
  }

  private static func flipped(_ weights: [Int8], _ shape: ConvolutionShape) -> [Int8] {
    var result: [Int8] = []
    result.reserveCapacity(weights.count)
    for channel in 0..<shape.inputChannels {
      for linePhase in 0..<min(shape.stride, shape.kernelHeight) {
        for columnPhase in 0..<min(shape.stride, shape.kernelWidth) {
          for ky in stride(from: linePhase, to: shape.kernelHeight, by: shape.stride).reversed() {
            for kx in stride(from: columnPhase, to: shape.kernelWidth, by: shape.stride).reversed()
            {
              let place = (channel * shape.kernelHeight + ky) * shape.kernelWidth + kx
              let first = place * shape.outputChannels
              result += weights[first..<first + shape.outputChannels]
            }
          }
        }
      }
    }
    return result
  }
}

/// What one source meets of a kernel along one direction.
private struct SubKernel {
  /// The kernel's rows that it meets are `phase`, `phase + stride` and so on.
  let phase: Int
  /// How many of these the kernel has.
  let size: Int
  /// First of them, from the end, that leads to a target, and how many do.
  let first: Int
  let count: Int
  /// The first target.
  let target: Int

  init(source: Int, kernel: Int, targets: Int, _ shape: ConvolutionShape) {
    let reach = source + shape.padding
    phase = reach % shape.stride
    size = Self.size(kernel, phase, shape.stride)
    let origin = reach / shape.stride - (size - 1)
    first = max(0, -origin)
    count = max(0, min(size - 1, targets - 1 - origin) - first + 1)
    target = origin + first
  }

  static func size(_ kernel: Int, _ phase: Int, _ stride: Int) -> Int {
    phase < kernel ? (kernel - phase + stride - 1) / stride : 0
  }
}
