import CKernels
import CompiledModel

/// How a connection's spikes say whom they reach.
enum ArrivalPlan: Sendable {
  /// Everybody: kept apart, as no set is needed.
  case all
  /// The set of targets of each source.
  case sets(Block<UInt64>)
  /// The targets whose kernels see the places of spikes.
  case convolution(SpreadPlan)
  /// What the kernel touched.
  case touched(Block<UInt8>)
  /// The target of the source's own number.
  case same

  init(_ plan: ConnectionPlan, _ model: CompiledModel, _ builder: inout PlanBuilder) {
    let size = model.layers[plan.index.layer].size
    switch (model[plan.index].layout, plan.synapses) {
    case (.dense, _): self = .all
    case (.oneToOne, _): self = .same
    case (.convolution(let shape), .convolution(let convolution)):
      self = .convolution(SpreadPlan(shape, plane: convolution.plane, &builder))
    case (.sparse, .sparse(_, _, let touched)): self = .touched(touched)
    case (.sparse(let rowStarts, let targets), _):
      self = .sets(builder.constant(Self.sets(rowStarts, targets, size)))
    case (.convolution, _): preconditionFailure("a convolution without its kernel")
    }
  }

  /// Sets of listed targets.
  private static func sets(_ rowStarts: [UInt32], _ targets: [UInt32], _ size: Int) -> [UInt64] {
    let words = PlanBuilder.padded(size) / 64
    var sets = [UInt64](repeating: 0, count: (rowStarts.count - 1) * words)
    for source in 0..<rowStarts.count - 1 {
      for target in targets[Int(rowStarts[source])..<Int(rowStarts[source + 1])] {
        sets[source * words + Int(target) / 64] |= 1 << UInt64(target % 64)
      }
    }
    return sets
  }
}

/// Where the places of a convolution's spikes are, and which targets see them.
struct SpreadPlan: Sendable {
  private let plane: Block<UInt8>
  private let lines: Block<UInt8>
  private let targets: Block<UInt8>
  private let lineStride: Int
  private let shape: ConvolutionShape

  init(_ shape: ConvolutionShape, plane: Block<UInt8>, _ builder: inout PlanBuilder) {
    self.plane = plane
    // What vectors of 64 places read beyond either end of a line is 0.
    lineStride = (shape.width + 2 * shape.padding + shape.kernelWidth + 2 * 64) / 64 * 64
    lines = builder.scratch(8 * lineStride, of: UInt8.self)
    targets = builder.scratch(shape.outputHeight * shape.outputWidth + 64, of: UInt8.self)
    self.shape = shape
  }

  func work(_ memory: ChipMemory) -> SpreadWork {
    SpreadWork(
      plane: memory[plane], lines: memory[lines], targets: memory[targets],
      lineStride: Int32(lineStride), height: Int32(shape.height), width: Int32(shape.width),
      targetHeight: Int32(shape.outputHeight), targetWidth: Int32(shape.outputWidth),
      channels: Int32(shape.outputChannels), kernelHeight: Int32(shape.kernelHeight),
      kernelWidth: Int32(shape.kernelWidth), stride: Int32(shape.stride),
      padding: Int32(shape.padding))
  }
}

extension Accelerator {
  /// Adds the neurons that the listed spikes of a connection reach, whatever their weights, to the
  /// set of those that are updated.
  func noteArrivals(
    _ number: Int, _ arrivals: UnsafeMutablePointer<UInt64>, size: Int,
    _ list: UnsafePointer<Int32>, _ count: Int32
  ) {
    switch plan.arrivals[number].pointee {
    case .all: break
    case .sets(let sets):
      let words = Int32(PlanBuilder.padded(size) / 64)
      kernels.table.pointee.reach(plan.constants[sets], words, list, count, arrivals)
    case .convolution(let spread):
      var work = spread.work(lasting)
      kernels.table.pointee.spread(&work, arrivals)
    case .touched(let touched):
      kernels.table.pointee.gather(lasting[touched], Int32(size), arrivals)
    case .same: kernels.table.pointee.mark(list, count, arrivals)
    }
  }
}
