import CompiledModel

/// Errors of the classes, and the ways back to the layers that take them.
struct ErrorPlan: Sendable {
  /// Errors by class, those of two classes side by side, and powers of the softmax.
  let errors: Block<Int32>
  let errorPairs: Block<Int32>
  let powers: Block<Int32>
  let program: ReadoutProgram
  let classes: Int

  init(_ model: CompiledModel, _ builder: inout PlanBuilder) {
    guard case .readout(let program)? = model.layers.last?.neurons else {
      preconditionFailure("model `\(model.name)` learns from labels without a readout")
    }
    self.program = program
    classes = model.classes
    let padded = PlanBuilder.padded(classes)
    errors = builder.scratch(padded, of: Int32.self)
    errorPairs = builder.scratch(padded / 2, of: Int32.self)
    powers = builder.scratch(padded, of: Int32.self)
  }
}

/// How errors come back to one layer.
struct FeedbackPlan: Sendable {
  let layer: Int
  /// The connection whose weights they take, and its position.
  let connection: CompiledModel.ConnectionIndex
  let position: Int
  /// Weights of two classes side by side, `[pair][neuron]`.
  let mirror: Block<Int32>
  let stride: Int
  let pairs: Int
  /// Errors by neuron.
  let errors: Block<Int32>
  /// By core of the readout: links in a row and in a column to all cores of the layer.
  let hops: Block<Int32>

  init(
    _ model: CompiledModel, layer: Int, _ connections: [ConnectionPlan],
    _ builder: inout PlanBuilder
  ) {
    self.layer = layer
    guard let connection = model.feedbackConnection(of: layer),
      let position = connections.firstIndex(where: { $0.index == connection })
    else {
      preconditionFailure("layer \(layer) of `\(model.name)` has no way to the readout")
    }
    self.connection = connection
    self.position = position
    stride = PlanBuilder.padded(model.layers[layer].size)
    pairs = (model.classes + 1) / 2
    mirror = builder.scratch(pairs * stride, of: Int32.self)
    errors = builder.scratch(stride, of: Int32.self)
    let own = model.cores.filter { $0.layer == layer }
    let senders = model.cores.filter { $0.layer == model.layers.count - 1 }
    hops = builder.constant(
      senders.flatMap { sender in
        [
          Int32(own.reduce(0) { $0 + abs($1.column - sender.column) }),
          Int32(own.reduce(0) { $0 + abs($1.row - sender.row) }),
        ]
      })
  }
}
