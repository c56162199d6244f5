import CompiledModel

extension GoldenCase {
  private static let program = SmallModels.spiking(decay: 3686, threshold: 20)

  /// One case for each way in which synapses lie.
  static let layouts: [GoldenCase] = [
    precisions, sparse, convolution, pooling, converted,
  ]

  /// Three connections of other precisions and shifts that add up.
  private static let precisions = GoldenCase(
    SmallModels.model(
      "precisions-and-shifts", steps: 8, inputs: 2, arithmetic: .loihi,
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 4000, threshold: 10_000), size: 3,
          [
            SmallModels.fixed(2, [127, -127, 5, 60, 0, -9]),
            SmallModels.fixed(2, [7, -7, 3, 1, 0, -2], shift: 3, precision: .int4),
            SmallModels.fixed(2, [1, -1, 1, -1, -1, 1], delay: 1, shift: 5, precision: .binary),
          ])
      ]), [.shown(pattern)])

  private static let sparse = GoldenCase(
    SmallModels.model(
      "sparse", steps: 5, inputs: 4,
      layers: [
        SmallModels.layer(
          "output", program, size: 5,
          [
            SmallModels.fixed(
              4, [12, -4, 30, 9, 9, 25],
              .sparse(rowStarts: [0, 2, 2, 3, 6], targets: [0, 4, 1, 0, 2, 3]))
          ])
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 2, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 2, neuronCount: 3, column: 1, row: 2),
      ]), [.shown(drawn(4, steps: 5))])

  /// Two channels to two, three by three places with an edge, every second place.
  private static let convolution = GoldenCase(
    SmallModels.model(
      "convolution", steps: 4, inputs: 32,
      layers: [
        SmallModels.layer(
          "output", program, size: 8,
          [
            SmallModels.fixed(
              32, (0..<36).map { Int8(($0 * 7) % 23 - 9) },
              .convolution(
                ConvolutionShape(
                  height: 4, width: 4, inputChannels: 2, outputChannels: 2, kernelHeight: 3,
                  kernelWidth: 3, stride: 2, padding: 1)))
          ])
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 3, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 3, neuronCount: 5, column: 2, row: 1),
      ]), [.shown(drawn(32, steps: 4))])

  /// A plane of five by four: sums over windows of two, the last row is dropped; then all of them.
  private static let pooling = GoldenCase(
    SmallModels.model(
      "pooling", steps: 5, inputs: 20,
      layers: [
        SmallModels.layer(
          "sums", program, size: 4, [SmallModels.fixed(20, [15], .oneToOne, pooling: windows)]),
        SmallModels.layer(
          "output", program, size: 2, phase: 2,
          [
            SmallModels.fixed(from: 0, 4, [9, -2, 9, 1, 9, 1, -5, 30]),
            SmallModels.fixed(20, [1, 2, 3, 4, 5, 6, 7, 8], pooling: windows),
          ]),
      ]), [.shown(drawn(20, steps: 5))])

  private static let windows = SourcePooling(height: 5, width: 4, channels: 1, window: 2)

  /// Delays, connections from a layer to itself, to an earlier one and past one, and what phases
  /// they lead to.
  static let graphs: [GoldenCase] = [
    GoldenCase(
      SmallModels.model(
        "delays-and-recurrence", steps: 8, inputs: 2,
        layers: [
          SmallModels.layer(
            "first", program, size: 2,
            [
              SmallModels.fixed(2, [22, 5, 5, 22]),
              SmallModels.fixed(from: 1, 2, [-40, 0, 0, -40], delay: 2),
            ]),
          SmallModels.layer(
            "second", program, size: 2, phase: 2,
            [
              SmallModels.fixed(from: 0, 2, [25, 0, 0, 25]),
              SmallModels.fixed(2, [6, 6, 6, 6], delay: 3),
              SmallModels.fixed(from: 1, 2, [0, -15, -15, 0], delay: 1),
            ]),
          SmallModels.layer(
            "readout", SmallModels.readout(decay: 4096), size: 2, phase: 3,
            [
              SmallModels.fixed(from: 1, 2, [3, -3, -3, 3]),
              SmallModels.fixed(from: 0, 2, [1, 0, 0, 1]),
            ]),
        ],
        cores: [
          PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 2, column: 0, row: 1),
          PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 1, column: 1, row: 1),
          PlacedCore(layer: 1, firstNeuron: 1, neuronCount: 1, column: 1, row: 0),
          PlacedCore(layer: 2, firstNeuron: 0, neuronCount: 2, column: 1, row: 1),
        ]), [.shown(pattern)])
  ]

  /// Columns read two rows at a time in three bits, on two cores.
  private static let converted = GoldenCase(
    SmallModels.model(
      "column-conversion", steps: 6, inputs: 5, arithmetic: columns(rows: 2, bits: 3),
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 3686, threshold: 200), size: 3,
          [
            SmallModels.fixed(
              5, [127, 16, -127, 90, 15, -33, 1, -17, 60, 127, 31, -127, 40, -64, 8]),
            SmallModels.fixed(5, (0..<15).map { Int8($0 * 9 - 60) }, delay: 1, shift: 1),
          ])
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 2, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 2, neuronCount: 1, column: 1, row: 0),
      ]), [.shown([[0, 1, 2], [0, 1, 2, 3, 4], [4], [], [1, 3], [0, 2, 3, 4]])])

  private static func columns(rows: Int, bits: Int) -> StateArithmetic {
    var arithmetic = SmallModels.arithmetic()
    arithmetic.columnConverter = ColumnConverter(rows: rows, bits: bits)
    return arithmetic
  }
}
