import CompiledModel
import Testing

/// Names, sizes, cores and tables that the chip could not run are refused by name.
@Suite struct ModelValidationTests {
  @Test(arguments: ModelFixture.allCases) func `fixtures are valid`(fixture: ModelFixture) {
    #expect(ModelFault.field(of: fixture) { _ in } == nil)
  }

  @Test func `names are short and plain`() {
    #expect(ModelFault.field { $0.name = "No" } == "meta.name")
    #expect(ModelFault.field { $0.name = "" } == "meta.name")
    #expect(ModelFault.field { $0.name = String(repeating: "a", count: 63) } == nil)
    #expect(ModelFault.field { $0.name = String(repeating: "a", count: 64) } == "meta.name")
    #expect(ModelFault.field { $0.chip = ".chip" } == "meta.chip")
    #expect(ModelFault.field { $0.layers[0].name = "é" } == "layers.[0].name")
  }

  @Test func `steps, inputs, port and widths have limits`() {
    #expect(ModelFault.field(of: .fixed) { $0.steps = 4096 } == nil)
    #expect(ModelFault.field(of: .fixed) { $0.steps = 4097 } == "meta.steps")
    #expect(ModelFault.field(of: .fixed) { $0.steps = 0 } == "meta.steps")
    #expect(ModelFault.field { $0.inputs = 0 } == "meta.inputs")
    #expect(ModelFault.field { $0.inputs = (1 << 20) + 1 } == "meta.inputs")
    #expect(ModelFault.field { $0.port.column = 4095 } == nil)
    #expect(ModelFault.field { $0.port.column = 4096 } == "meta.port column")
    #expect(ModelFault.field { $0.port.row = -1 } == "meta.port row")
    #expect(ModelFault.field { $0.arithmetic.potentialBits = 25 } == "meta.potential bits")
    #expect(ModelFault.field { $0.arithmetic.potentialBits = 7 } == "meta.potential bits")
    #expect(ModelFault.field { $0.arithmetic.currentBits = 25 } == "meta.current bits")
    #expect(ModelFault.field { $0.arithmetic.currentBits = 7 } == "meta.current bits")
    #expect(ModelFault.field { $0.arithmetic.inputShift = 7 } == "meta.input shift")
    #expect(ModelFault.field { $0.arithmetic.inputShift = -1 } == "meta.input shift")
    #expect(
      ModelFault.field { $0.arithmetic.learningWeightBits = 17 } == "meta.learning weight bits")
    #expect(
      ModelFault.field { $0.arithmetic.learningWeightBits = 0 } == "meta.learning weight bits")
  }

  @Test func `layers have limits`() {
    #expect(ModelFault.field { $0.layers = [] } == "layers.count")
    #expect(
      ModelFault.field { $0.layers = .init(repeating: $0.layers[0], count: 65) } == "layers.count")
    #expect(ModelFault.field { $0.layers[0].size = 0 } == "layers.[0].size")
    #expect(ModelFault.field { $0.layers[0].size = (1 << 20) + 1 } == "layers.[0].size")
    #expect(ModelFault.field { $0.layers[0].phase = 0 } == "layers.[0].phase")
    #expect(ModelFault.field { $0.layers[1].phase = 4096 } == nil)
    #expect(ModelFault.field { $0.layers[1].phase = 4097 } == "layers.[1].phase")
    #expect(ModelFault.field { $0.layers[0].exponent = 32 } == nil)
    #expect(ModelFault.field { $0.layers[0].exponent = 33 } == "layers.[0].exponent")
    #expect(ModelFault.field { $0.layers[0].exponent = -33 } == "layers.[0].exponent")
    #expect(ModelFault.field { $0.layers[0].connections = [] } == "layers.[0].connection count")
    #expect(
      ModelFault.field {
        $0.layers[1].connections = .init(repeating: $0.layers[1].connections[0], count: 256)
      } == nil)
    #expect(
      ModelFault.field {
        $0.layers[1].connections = .init(repeating: $0.layers[1].connections[0], count: 257)
      } == "layers.[1].connection count")
  }

  @Test func `every neuron lies on one core`() {
    #expect(ModelFault.field { $0.cores.removeLast() } == "cores.count")
    #expect(ModelFault.field { $0.cores[1].firstNeuron = 1 } == "cores.[1]")
    #expect(ModelFault.field { $0.cores[1].neuronCount = 3 } == "cores.[1]")
    #expect(ModelFault.field { $0.cores[1].neuronCount = 0 } == "cores.[1]")
    #expect(ModelFault.field { $0.cores[1].layer = 1 } == "cores.[1]")
    #expect(ModelFault.field { $0.cores.append($0.cores[2]) } == "cores.[3]")
    #expect(ModelFault.field { $0.cores[0].column = 4095 } == nil)
    #expect(ModelFault.field { $0.cores[0].column = 4096 } == "cores.[0]")
    #expect(ModelFault.field { $0.cores[0].row = -1 } == "cores.[0]")
    #expect(ModelFault.field { $0.cores = [] } == "cores.count")
    #expect(
      ModelFault.field { $0.cores = .init(repeating: $0.cores[0], count: 4097) } == "cores.count")
  }

  @Test func `tables can be written`() {
    func timing(_ tiles: [Int], linkBuffer: Int = 1) -> String? {
      ModelFault.field {
        $0.timing = TimingTable(
          picoseconds: [:], axonInPicoseconds: 0,
          barriers: tiles.map { .init(tiles: $0, picoseconds: 5) }, linkBuffer: linkBuffer)
      }
    }
    #expect(timing([1, 2, 1 << 24]) == nil)
    #expect(timing([]) == nil)
    #expect(timing([0]) == "timing.barriers[0].tiles")
    #expect(timing([(1 << 24) + 1]) == "timing.barriers[0].tiles")
    #expect(timing([2, 2]) == "timing.barriers[1].tiles")
    #expect(timing(Array(1...65535)) == nil)
    #expect(timing(Array(1...65536)) == "timing.barrier count")
    #expect(timing([], linkBuffer: 65535) == nil)
    #expect(timing([], linkBuffer: 65536) == "timing.link buffer")
    #expect(timing([], linkBuffer: 0) == "timing.link buffer")
    let price = Price(picojoules: -1, source: "", grade: .assumed)
    #expect(
      ModelFault.field { $0.prices = PriceTable(name: "", prices: [.spike: price]) }
        == "prices.spike.picojoules")
  }
}
