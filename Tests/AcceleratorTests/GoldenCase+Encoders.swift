import CompiledModel

extension GoldenCase {
  /// One case for each way from intensities to input spikes.
  static let encoders: [GoldenCase] = [
    encoder("encoder-levels", .draws(seed: 4, levels: (0...255).map { UInt16($0 * 128) })),
    encoder("encoder-latency", .latency),
    encoder("encoder-level-crossing", .levelCrossing(threshold: 20)), directCurrent,
  ]

  private static func intensities(_ sample: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 * 71 + Int(sample) * 90) % 331 % 256) }
  }

  private static func encoder(_ name: String, _ input: InputProgram) -> GoldenCase {
    var model = SmallModels.model(
      name, steps: 6, inputs: 4,
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 3686, threshold: 60), size: 2,
          [SmallModels.fixed(4, [70, -30, 25, 80, 10, 20, -20, 40])])
      ])
    model.input = input
    return GoldenCase(
      model,
      (0..<2).map { .learnt($0, intensities($0, model.sampleSize), label: nil) })
  }

  /// Direct current through two connections, beside one of spikes.
  private static var directCurrent: GoldenCase {
    var model = SmallModels.model(
      "direct-current", steps: 6, inputs: 3,
      layers: [
        SmallModels.layer(
          "hidden", SmallModels.spiking(decay: 3686, threshold: 60), size: 2,
          [
            SmallModels.fixed(3, [70, -30, 25, 80, 10, 0]),
            SmallModels.fixed(from: 0, 2, [0, 9, -9, 0], delay: 1),
          ]),
        SmallModels.layer(
          "output", SmallModels.readout(decay: 3000), size: 2, phase: 2,
          [
            SmallModels.fixed(3, [7, -3, 0, 0, -2, 0]),
            SmallModels.fixed(from: 0, 2, [20, -20, -10, 30]),
          ]),
      ])
    model.input = .directCurrent
    return GoldenCase(
      model,
      [
        .learnt(0, [255, 128, 0], label: nil), .learnt(1, [0, 0, 200], label: nil),
        .learnt(2, [3, 0, 1], label: nil),
      ])
  }
}
