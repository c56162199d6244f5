import CompiledModel
import Federation
import FleetCore

/// The blocks of a model that a job leaves on the nodes: each node trains its own from its own.
struct LocalBlocks {
  /// Their places among the model's learned blocks, ascending.
  let places: [Int]
  private let model: CompiledModel

  /// Throws `local-layers` for a name of no layer that learns.
  init(of model: CompiledModel, named names: [String]) throws(ChipRefusal) {
    self.model = model
    let blocks = model.learnedBlocks
    for name in names where !blocks.contains(where: { model.layers[$0.layer].name == name }) {
      throw ChipRefusal(
        code: "local-layers",
        detail: "no layer `\(name)` of model `\(model.name)` learns, so that none stays here")
    }
    places = model.learnedPlaces(of: names)
  }

  /// The model as this node trains it: its own values where it has learnt some.
  ///
  /// Throws `local-state` where what was learnt is of blocks of another shape.
  func start(_ encoded: [UInt8]?) throws(ChipRefusal) -> CompiledModel {
    guard let encoded, !places.isEmpty else { return model }
    var state = model.learnedState
    do throws(UpdateError) {
      let learnt = try LocalLayers(reading: encoded)
      let shape = UpdateDoor.shape(of: model)
      guard learnt.shape == places.map({ shape[$0] }) else {
        throw .shape("what was learnt is of layers of another structure")
      }
      for (place, layer) in zip(places, learnt.layers) {
        state[place] = model.learnedBlocks[place].adding(
          try layer.integerDeltas(), to: state[place])
      }
    } catch {
      throw ChipRefusal(code: ChipRefusal.localStateCode, detail: "\(error)")
    }
    return model.replacingLearnedState(state)
  }

  /// What these blocks have learnt, as it is stored; nil where there are none.
  func encoded(_ state: [[Int16]]) -> [UInt8]? {
    guard !places.isEmpty else { return nil }
    let (shape, base) = (UpdateDoor.shape(of: model), model.learnedState)
    return LocalLayers(
      places.map { place in
        LayerDelta(
          layer: shape[place].layer, exponent: shape[place].exponent,
          deltas: zip(state[place], base[place]).map { Int32($0) - Int32($1) })
      }
    ).encoded()
  }
}

extension CompiledModel {
  /// Places among the learned blocks of those that belong to layers of these names.
  func learnedPlaces(of names: [String]) -> [Int] {
    guard !names.isEmpty else { return [] }
    let blocks = learnedBlocks
    return blocks.indices.filter { names.contains(layers[blocks[$0].layer].name) }
  }
}
