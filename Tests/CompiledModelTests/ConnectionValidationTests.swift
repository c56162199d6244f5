import CompiledModel
import Testing

/// Shapes agree, spikes have the time to arrive, and sums of inputs fit 32 bits.
@Suite struct ConnectionValidationTests {
  private func field(_ layer: Int, _ place: Int, _ name: String) -> String {
    "layers.[\(layer)].connections[\(place)].\(name)"
  }

  @Test func `a source exists, spikes, and comes earlier or late`() {
    #expect(ModelFault.connection(layer: 2) { $0.source = 4 } == field(2, 0, "source"))
    #expect(ModelFault.connection(layer: 2) { $0.source = -1 } == field(2, 0, "source"))
    #expect(
      ModelFault.connection(layer: 1, 1) { $0.delay = 0 } == field(1, 1, "source"))
    #expect(
      ModelFault.connection(layer: 1, 2) { $0.delay = 0 } == field(1, 2, "source"))
    #expect(ModelFault.connection(layer: 1, 2) { $0.source = 3 } == field(1, 2, "source"))
    #expect(
      ModelFault.connection(layer: 1, 1) { $0.sourceSize = 4 } == field(1, 1, "source size"))
    #expect(ModelFault.field { $0.inputs = 4 } == field(0, 0, "source size"))
  }

  @Test func `a spike takes at least one step on the mesh`() {
    #expect(ModelFault.connection(layer: 2) { $0.delay = 255 } == nil)
    #expect(ModelFault.connection(layer: 2) { $0.delay = 256 } == field(2, 0, "delay"))
    #expect(ModelFault.connection(layer: 2) { $0.delay = -1 } == field(2, 0, "delay"))
    #expect(ModelFault.field(of: .fixed) { $0.layers[2].phase = 2 } == field(2, 0, "delay"))
    // From phase 3 to phase 2: two steps of delay arrive one step later.
    #expect(ModelFault.connection(layer: 1, 2) { $0.delay = 2 } == nil)
    #expect(ModelFault.connection(layer: 1, 2) { $0.delay = 1 } == field(1, 2, "delay"))
  }

  @Test func `pooling fits its plane`() {
    func pooling(_ change: (inout SourcePooling) -> Void) -> String? {
      ModelFault.connection(layer: 1) { connection in
        guard var pooling = connection.pooling else { return }
        change(&pooling)
        connection.pooling = pooling
      }
    }
    #expect(pooling { $0.window = 0 } == field(1, 0, "pooling.window"))
    #expect(pooling { $0.window = 7 } == field(1, 0, "pooling.window"))
    #expect(pooling { $0.window = 3 } == field(1, 0, "weights"))
    #expect(pooling { $0.height = 5 } == field(1, 0, "pooling.plane"))
    #expect(pooling { $0.height = 0 } == field(1, 0, "pooling.height"))
    #expect(pooling { $0.width = 1 << 21 } == field(1, 0, "pooling.width"))
    #expect(pooling { $0.channels = -2 } == field(1, 0, "pooling.channels"))
  }

  @Test func `a kernel leads from the source's plane to the layer's`() {
    func kernel(_ change: (inout ConvolutionShape) -> Void) -> String? {
      ModelFault.connection(layer: 0) { connection in
        guard case .convolution(var shape) = connection.layout else { return }
        change(&shape)
        connection.layout = .convolution(shape)
      }
    }
    #expect(kernel { $0.height = 0 } == field(0, 0, "convolution[0]"))
    #expect(kernel { $0.width = 1 << 21 } == field(0, 0, "convolution[1]"))
    #expect(kernel { $0.inputChannels = 0 } == field(0, 0, "convolution[2]"))
    #expect(kernel { $0.outputChannels = 0 } == field(0, 0, "convolution[3]"))
    #expect(kernel { $0.kernelHeight = 1025 } == field(0, 0, "convolution[4]"))
    #expect(kernel { $0.kernelWidth = 0 } == field(0, 0, "convolution[5]"))
    #expect(kernel { $0.stride = 0 } == field(0, 0, "convolution[6]"))
    #expect(kernel { $0.stride = .max } == field(0, 0, "convolution[6]"))
    #expect(kernel { $0.padding = 1025 } == field(0, 0, "convolution[7]"))
    #expect(kernel { $0.padding = -1 } == field(0, 0, "convolution[7]"))
    #expect(kernel { $0.inputChannels = 2 } == field(0, 0, "convolution sources"))
    #expect(kernel { $0.stride = 2 } == field(0, 0, "convolution targets"))
    #expect(kernel { $0.kernelHeight = 9 } == field(0, 0, "convolution targets"))
  }

  @Test func `lists rise and stay within source and layer`() {
    func listed(_ rowStarts: [UInt32], _ targets: [UInt32]) -> String? {
      ModelFault.connection(layer: 2) {
        $0.layout = .sparse(rowStarts: rowStarts, targets: targets)
        $0.weights = .fixed([Int8](repeating: 1, count: targets.count))
      }
    }
    #expect(listed([0, 0, 0, 0, 0, 0], []) == nil)
    #expect(listed([0, 0, 0, 0, 0, 5], [0, 1, 2, 3, 4]) == nil)
    #expect(listed([0, 0, 0, 0, 0], []) == field(2, 0, "row starts"))
    #expect(listed([], []) == field(2, 0, "row starts"))
    #expect(listed([1, 1, 1, 1, 1, 1], [0]) == field(2, 0, "row starts"))
    #expect(listed([0, 0, 0, 0, 0, 2], [0]) == field(2, 0, "row starts"))
    #expect(listed([0, 2, 1, 2, 2, 2], [0, 1]) == field(2, 0, "row starts"))
    #expect(listed([0, 9, 1, 2, 2, 2], [0, 1]) == field(2, 0, "row starts"))
    #expect(listed([0, 2, 2, 2, 2, 2], [1, 1]) == field(2, 0, "targets"))
    #expect(listed([0, 2, 2, 2, 2, 2], [1, 0]) == field(2, 0, "targets"))
    #expect(listed([0, 2, 2, 2, 2, 2], [0, 5]) == field(2, 0, "targets"))
  }

  @Test func `weights are as many as the layout says, and within their precision`() {
    func weights(_ layer: Int, _ place: Int, _ change: (inout [Int8]) -> Void) -> String? {
      ModelFault.connection(layer: layer, place) { connection in
        guard case .fixed(var weights) = connection.weights else { return }
        change(&weights)
        connection.weights = .fixed(weights)
      }
    }
    #expect(weights(0, 0) { $0[3] = 0 } == field(0, 0, "weights"))
    #expect(weights(0, 0) { $0[3] = 2 } == field(0, 0, "weights"))
    #expect(weights(1, 0) { $0[3] = 7 } == nil)
    #expect(weights(1, 0) { $0[3] = 8 } == field(1, 0, "weights"))
    #expect(weights(1, 0) { $0[3] = -8 } == field(1, 0, "weights"))
    #expect(weights(1, 1) { $0[24] = -128 } == field(1, 1, "weights"))
    #expect(weights(1, 1) { $0.removeLast() } == field(1, 1, "weights"))
    #expect(weights(1, 2) { $0.append(1) } == field(1, 2, "weights"))
    #expect(ModelFault.connection(layer: 2) { $0.layout = .oneToOne } == field(2, 0, "weights"))
    #expect(
      ModelFault.connection(layer: 1) { $0.layout = .oneToOne }
        == field(1, 0, "one-to-one sources"))
    #expect(ModelFault.connection(layer: 1, 1) { $0.shift = 15 } == nil)
    #expect(ModelFault.connection(layer: 1, 1) { $0.shift = 16 } == field(1, 1, "shift"))
    #expect(ModelFault.connection(layer: 1, 1) { $0.shift = -1 } == field(1, 1, "shift"))
    let wide = [Int8](repeating: 0, count: 0)
    #expect(
      ModelFault.field {
        $0.inputs = 1 << 15
        $0.layers[0].size = (1 << 13) + 1
        $0.layers[0].connections[0].sourceSize = 1 << 15
        $0.layers[0].connections[0].weights = .fixed(wide)
        $0.layers[0].neurons = ModelFixture.spiking()
      } == field(0, 0, "weights"))
  }
}
