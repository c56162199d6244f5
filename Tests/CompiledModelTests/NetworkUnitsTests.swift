import CompiledModel
import Testing

/// What integers stand for in the network.
@Suite struct NetworkUnitsTests {
  private let fixed = ModelFixture.fixedModel

  private func index(_ layer: Int, _ connection: Int) -> CompiledModel.ConnectionIndex {
    CompiledModel.ConnectionIndex(layer: layer, connection: connection)
  }

  @Test func `scales go round the neurons, potentials are finer by the input shift`() {
    #expect(fixed.potentialUnit(layer: 0, neuron: 0) == 0.0375 / 64)
    #expect(fixed.potentialUnit(layer: 0, neuron: 71) == 0.025 / 64)
    #expect(fixed.potentialUnit(layer: 1, neuron: 4) == 0.03 / 64)
    #expect(fixed.potentialUnit(layer: 2, neuron: 3) == 8.0 / 64)
  }

  @Test func `weights and currents are without the resistance, shifts count`() {
    #expect(fixed.weightUnit(of: index(0, 0), target: 2) == 0.0375 / 2.5)
    #expect(fixed.currentUnit(layer: 0, neuron: 1) == 0.025 / 64 / 2.5)
    #expect(fixed.weightUnit(of: index(1, 1), target: 0) == 0.03 * 8)
    #expect(ModelFixture.model.weightUnit(of: index(0, 0), target: 0) == 1.0 / 64)
  }

  @Test func `quantities are above zero and finite`() {
    for value in [0, -1, -0.0, .infinity, .nan, 1.1e100, 0.9e-100] {
      #expect(
        ModelFault.field { $0.layers[0].units.resistance = value } == "layers.[0].resistance")
      #expect(
        ModelFault.field(of: .fixed) { $0.layers[1].units.scales = [value] }
          == "layers.[1].scales")
      #expect(
        ModelFault.field(of: .fixed) { $0.layers[0].units.scales?[1] = value }
          == "layers.[0].scales")
      #expect(ModelFault.field { $0.timeStep = value } == "meta.time step")
    }
    for value in [1e100, 1e-100] {
      #expect(ModelFault.field { $0.layers[0].units.resistance = value } == nil)
      #expect(ModelFault.field(of: .fixed) { $0.layers[1].units.scales = [value] } == nil)
      #expect(ModelFault.field { $0.timeStep = value } == nil)
    }
  }

  @Test func `a rest is finite and has one zero`() {
    for value in [-0.0, .nan, .infinity, -1.1e100] {
      #expect(ModelFault.field { $0.layers[0].units.rest = value } == "layers.[0].rest")
    }
    for value in [0, -1e100, 1e100] {
      #expect(ModelFault.field { $0.layers[0].units.rest = value } == nil)
    }
  }

  @Test func `scales divide the layer, differ, and stay away where weights learn`() {
    func scales(_ values: [Double]) -> String? {
      ModelFault.field(of: .fixed) { $0.layers[1].units.scales = values }
    }
    #expect(scales([1, 2, 3, 4, 5]) == nil)
    #expect(scales([1, 1, 1, 1, 1]) == "layers.[1].scales")
    #expect(scales([1, 2]) == "layers.[1].scales")
    #expect(scales([]) == "layers.[1].scales")
    #expect(scales([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) == "layers.[1].scales")
    #expect(ModelFault.field { $0.layers[0].units.scales = [1] } == "layers.[0].scales")
  }

  @Test func `more scales than neurons are refused before they are read`() throws {
    var bytes = fixed.encoded()
    // The count of two scales of 72 neurons is followed by 0.0375.
    let scale = withUnsafeBytes(of: (0.0375).bitPattern.littleEndian) { Array($0) }
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: [2, 0, 0, 0] + scale) })
    bytes[place] = 73
    let error = #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
    #expect(error?.field == "[0].scales.count")
    #expect(error?.expected == "0 to 72")
  }
}
