import CompiledModel
import Testing

/// The sum of a step's inputs fits 32 bits, with all that is added to it.
@Suite struct InputSumTests {
  /// What is left for inputs beside a potential of 24 bits.
  private let room = Int(Int32.max) - 1 - ((1 << 23) - 1)

  /// A layer of two neurons fed by one connection, unit weights being shifted by 6.
  private func isValid(
    _ connection: CompiledConnection, inputs: Int, size: Int = 2, bias: Int32 = 0,
    currentDecay: Int32? = nil
  ) -> Bool {
    let layer = CompiledLayer(
      name: "sum",
      neurons: .spiking(
        SpikingProgram(
          membrane: MembraneProgram(
            decay: 4096, currentDecay: currentDecay, bias: NeuronValues(bias)),
          threshold: NeuronValues(1), reset: .none)),
      size: size, exponent: 0, connections: [connection], phase: 1)
    let model = ModelFixture.model(inputs: inputs, layers: [layer], coreNeurons: size)
    do { try model.validate() } catch {
      #expect(error.field == "[0].input sum")
      return false
    }
    return true
  }

  private func dense(_ weights: [Int8], shift: Int32) -> CompiledConnection {
    CompiledConnection(
      source: nil, sourceSize: weights.count / 2, shift: shift, weights: .fixed(weights))
  }

  @Test func `the largest column counts, not the sum of all weights`() {
    // 2^21 times 1019 fits beside the potential, 1020 does not.
    let column = [Int8](repeating: 100, count: 10) + [19]
    #expect(room >> 21 == 1019)
    #expect(isValid(dense(column.flatMap { [$0, 0] }, shift: 15), inputs: 11))
    #expect(isValid(dense(column.flatMap { [$0, -$0] }, shift: 15), inputs: 11))
    let heavier = column.dropLast() + [20]
    #expect(!isValid(dense(heavier.flatMap { [$0, 0] }, shift: 15), inputs: 11))
    #expect(!isValid(dense(heavier.flatMap { [1, -$0] }, shift: 15), inputs: 11))
  }

  @Test func `bias and current take their part of the room`() {
    let column = [Int8](repeating: 100, count: 10) + [19]
    let connection = dense(column.flatMap { [$0, 0] }, shift: 15)
    let rest = Int32(room - 1019 << 21)
    #expect(isValid(connection, inputs: 11, bias: rest))
    #expect(isValid(connection, inputs: 11, bias: -rest))
    #expect(!isValid(connection, inputs: 11, bias: rest + 1))
    #expect(!isValid(connection, inputs: 11, bias: -rest - 1))
    #expect(rest < 1 << 23)
    #expect(!isValid(connection, inputs: 11, currentDecay: 0))
  }

  @Test func `all spikes of a window may come at once`() {
    func pooled(_ weight: Int8) -> CompiledConnection {
      CompiledConnection(
        source: nil, sourceSize: 64,
        pooling: SourcePooling(height: 8, width: 8, channels: 1, window: 8), shift: 15,
        weights: .fixed([weight, 0]))
    }
    #expect(isValid(pooled(15), inputs: 64))
    #expect(!isValid(pooled(16), inputs: 64))
  }

  @Test func `lists are summed by their targets, kernels by their channels`() {
    func listed(_ weight: Int8) -> CompiledConnection {
      CompiledConnection(
        source: nil, sourceSize: 11,
        layout: .sparse(
          rowStarts: (0...11).map { UInt32($0 * 2) }, targets: (0..<22).map { $0 % 2 }),
        shift: 15, weights: .fixed([weight, 19] + [Int8](repeating: 100, count: 20)))
    }
    #expect(isValid(listed(19), inputs: 11))
    #expect(!isValid(listed(20), inputs: 11))
    func kernel(_ weight: Int8) -> CompiledConnection {
      CompiledConnection(
        source: nil, sourceSize: 11,
        layout: .convolution(
          ConvolutionShape(
            height: 11, width: 1, inputChannels: 1, outputChannels: 2, kernelHeight: 11,
            kernelWidth: 1, stride: 1, padding: 0)),
        shift: 15, weights: .fixed([weight, 19] + [Int8](repeating: 100, count: 20)))
    }
    #expect(isValid(kernel(19), inputs: 11))
    #expect(!isValid(kernel(20), inputs: 11))
  }

  @Test func `weights that learn may all become the largest`() {
    func plastic(_ sources: Int) -> CompiledConnection {
      CompiledConnection(
        source: nil, sourceSize: sources, shift: 15,
        weights: .plastic(
          [Int16](repeating: 0, count: 2 * sources),
          .pairSTDP(
            PairSTDPProgram(
              preDecay: 0, postDecay: 0, impulse: 1, potentiation: 0, depression: 0)),
          bounds: 0...0))
    }
    #expect(isValid(plastic(8), inputs: 8))
    #expect(!isValid(plastic(9), inputs: 9))
  }

  @Test func `connections add up`() {
    func model(_ weight: Int8) -> String? {
      ModelFault.field(of: .pairSTDP) {
        $0.layers[0].connections[0].weights = .fixed([Int8](repeating: 100, count: 6))
        $0.layers[0].connections[0].shift = 15
        $0.layers[0].connections[1].weights = .fixed([weight, 0, 100, 0])
        $0.layers[0].connections[1].shift = 15
        $0.layers[0].teacher = nil
        $0.arithmetic.inputShift = 6
        $0.arithmetic.potentialBits = 24
      }
    }
    #expect(model(100) == nil)
    #expect(
      ModelFault.field(of: .pairSTDP) {
        $0.layers[0].connections = .init(
          repeating: CompiledConnection(
            source: nil, sourceSize: 3, shift: 15,
            weights: .fixed([Int8](repeating: 100, count: 6))),
          count: 4)
        $0.layers[0].teacher = nil
        $0.arithmetic.inputShift = 6
      } == "layers.[0].input sum")
  }
}
