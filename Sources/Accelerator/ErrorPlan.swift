import CompiledModel

/// Errors of the classes of a readout, the last layer or a layer's own.
struct ErrorPlan: Sendable {
  /// Errors by class, those of two classes side by side, and powers of the softmax.
  let errors: Block<Int32>
  let errorPairs: Block<Int32>
  let powers: Block<Int32>
  /// Errors of steps that do not count: all 0.
  let silence: Block<Int32>
  let logitMultiplier: Int32
  let logitShift: Int32
  let classes: Int

  init(classes: Int, logitMultiplier: Int32, logitShift: Int32, _ builder: inout PlanBuilder) {
    self.logitMultiplier = logitMultiplier
    self.logitShift = logitShift
    self.classes = classes
    let padded = PlanBuilder.padded(classes)
    errors = builder.scratch(padded, of: Int32.self)
    errorPairs = builder.scratch(padded / 2, of: Int32.self)
    silence = builder.scratch(padded, of: Int32.self)
    powers = builder.scratch(padded, of: Int32.self)
  }

  init(readoutOf model: CompiledModel, _ builder: inout PlanBuilder) {
    guard case .readout(let program)? = model.layers.last?.neurons else {
      preconditionFailure("model `\(model.name)` learns from labels without a readout")
    }
    self.init(
      classes: model.classes, logitMultiplier: program.logitMultiplier,
      logitShift: program.logitShift, &builder)
  }
}

/// How errors come back to one layer.
struct FeedbackPlan: Sendable {
  /// What errors are weighted with.
  enum Weights: Sendable {
    /// The readout's weights by the position of their connection.
    case mirrored(position: Int)
    /// Ones of 16 bits that take the changes of the readout's.
    case adaptive(AdaptiveFeedbackPlan)
    /// Random ones, `[neuron][stride]`.
    case random(Block<Int8>, stride: Int)
  }

  let layer: Int
  let weights: Weights
  /// A readout of the layer's own, whose errors it takes.
  let local: LocalReadoutPlan?
  let firstStep: Int
  let rate: RatePlan?
  /// Weights of two classes side by side, `[pair][neuron]`.
  let mirror: Block<Int32>
  let stride: Int
  let pairs: Int
  /// Errors by neuron.
  let errors: Block<Int32>
  /// By core of the readout, or of the layer if its errors are local: links in a row and in a
  /// column to all cores of the layer.
  let hops: Block<Int32>

  init(
    _ model: CompiledModel, layer: Int, _ connections: [ConnectionPlan],
    _ builder: inout PlanBuilder
  ) {
    self.layer = layer
    stride = PlanBuilder.padded(model.layers[layer].size)
    pairs = (model.classes + 1) / 2
    mirror = builder.scratch(pairs * stride, of: Int32.self)
    errors = builder.scratch(stride, of: Int32.self)
    let signal = model.signal(of: layer)
    firstStep = Int(signal.firstStep)
    rate = signal.rate.map {
      RatePlan($0, size: PlanBuilder.padded(model.layers[layer].size), &builder)
    }
    var sender = model.layers.count - 1
    var local: LocalReadoutPlan?
    switch signal.feedback {
    case .symmetric:
      guard let connection = model.feedbackConnection(of: layer),
        let position = connections.firstIndex(where: { $0.index == connection })
      else {
        preconditionFailure("layer \(layer) of `\(model.name)` has no way to the readout")
      }
      weights = .mirrored(position: position)
    case .adaptive(let own):
      weights = .adaptive(
        AdaptiveFeedbackPlan(own, classes: model.classes, model.feedbackBounds, &builder))
    case .random:
      weights = Self.random(model, layer, &builder)
    case .local(let readout):
      weights = Self.random(model, layer, &builder)
      local = LocalReadoutPlan(readout, classes: model.classes, &builder)
      sender = layer
    }
    self.local = local
    let own = model.cores.filter { $0.layer == layer }
    let senders = model.cores.filter { $0.layer == sender }
    hops = builder.constant(
      senders.flatMap { sender in
        [
          Int32(own.reduce(0) { $0 + abs($1.column - sender.column) }),
          Int32(own.reduce(0) { $0 + abs($1.row - sender.row) }),
        ]
      })
  }

  /// Rows with zeros up to a multiple of 16 classes.
  private static func random(
    _ model: CompiledModel, _ layer: Int, _ builder: inout PlanBuilder
  ) -> Weights {
    let stride = (model.classes + 15) / 16 * 16
    let rows = model.feedbackRows(of: layer).flatMap { row in
      row + [Int8](repeating: 0, count: stride - row.count)
    }
    return .random(builder.constant(rows), stride: stride)
  }
}

/// Weights along which errors come back, and what is seen of them, both `[neuron][stride]`.
struct AdaptiveFeedbackPlan: Sendable {
  let learning: Block<Int16>
  let view: Block<Int8>
  let stride: Int
  let bounds: ClosedRange<Int16>

  init(
    _ weights: [Int16], classes: Int, _ bounds: ClosedRange<Int16>, _ builder: inout PlanBuilder
  ) {
    self.bounds = bounds
    // As those of the readout's connection, which change by the same sums.
    stride = PlasticPlan.threeFactorStride(targets: classes)
    let rows = Self.rows(weights, classes: classes, stride: stride, bounds)
    learning = builder.variable(rows, count: rows.count)
    view = builder.variable(rows.map(ChipArithmetic.inferenceWeight), count: rows.count)
  }

  /// Rows with their ends, and one more for kernels that work on two at a time.
  static func rows(
    _ weights: [Int16], classes: Int, stride: Int, _ bounds: ClosedRange<Int16>
  ) -> [Int16] {
    PlasticPlan.rows(weights, targets: classes, stride: stride, bounds)
      + [Int16](repeating: 0, count: stride)
  }
}

/// A readout that only its own layer sees.
struct LocalReadoutPlan: Sendable {
  let decay: Int32
  let inputs: Block<Int32>
  let potentials: Block<Int32>
  let errors: ErrorPlan

  init(_ readout: LocalReadoutProgram, classes: Int, _ builder: inout PlanBuilder) {
    decay = readout.decay
    inputs = builder.scratch(PlanBuilder.padded(classes), of: Int32.self)
    potentials = builder.state(PlanBuilder.padded(classes), of: Int32.self)
    errors = ErrorPlan(
      classes: classes, logitMultiplier: readout.logitMultiplier, logitShift: readout.logitShift,
      &builder)
  }
}

/// Spikes of a layer's neurons in the sample so far.
struct RatePlan: Sendable {
  let program: LearningSignalProgram.RateRegulariser
  let counts: Block<Int32>

  init(
    _ program: LearningSignalProgram.RateRegulariser, size: Int, _ builder: inout PlanBuilder
  ) {
    self.program = program
    counts = builder.state(size, of: Int32.self)
  }
}
