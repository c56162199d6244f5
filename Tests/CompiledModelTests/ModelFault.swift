import CompiledModel

/// What is wrong with a fixture once something in it is changed.
enum ModelFault {
  /// Section and field of the error, nil for a model that is still valid.
  static func field(
    of fixture: ModelFixture = .threeFactor, _ change: (inout CompiledModel) -> Void
  ) -> String? {
    var model = fixture.model
    change(&model)
    do { try model.validate() } catch { return "\(error.section).\(error.field)" }
    return nil
  }

  /// The same for the spiking neurons of a layer.
  static func spiking(
    of fixture: ModelFixture = .fixed, layer: Int = 0, _ change: (inout SpikingProgram) -> Void
  ) -> String? {
    field(of: fixture) { model in
      guard case .spiking(var program) = model.layers[layer].neurons else { return }
      change(&program)
      model.layers[layer].neurons = .spiking(program)
    }
  }

  /// The same for one connection.
  static func connection(
    of fixture: ModelFixture = .fixed, layer: Int, _ place: Int = 0,
    _ change: (inout CompiledConnection) -> Void
  ) -> String? {
    field(of: fixture) { change(&$0.layers[layer].connections[place]) }
  }

  /// The same for the rule of the first connection.
  static func rule(
    of fixture: ModelFixture, _ change: (PlasticityProgram) -> PlasticityProgram
  ) -> String? {
    connection(of: fixture, layer: 0) { connection in
      guard case .plastic(let weights, let program, let bounds) = connection.weights else { return }
      connection.weights = .plastic(weights, change(program), bounds: bounds)
    }
  }
}
