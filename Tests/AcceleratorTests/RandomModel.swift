import CompiledModel
import SpikingNetwork

/// A valid model of anything that the chip can do, drawn from a seed.
///
/// Sizes lie around the widths of vectors, weights and parameters often at the ends of their
/// ranges.
struct RandomModel {
  /// What learns, if anything.
  enum Rule: CaseIterable {
    case none
    case threeFactor
    case pairSTDP
    case sdsp
    case program
    case edge
  }

  /// How the neurons of a layer or the input lie; a plane of one row where that has no meaning.
  struct Plane {
    var height: Int
    var width: Int
    var channels: Int
    var size: Int { height * width * channels }
  }

  let rule: Rule
  let seed: UInt64
  var arithmetic: StateArithmetic
  var layers: [CompiledLayer] = []
  /// The input's plane, then one for each layer.
  var planes: [Plane] = []
  var steps = 1
  /// Neurons of the readout that stand for one class.
  var neuronsPerClass = 1
  private let stream: UInt64
  private var draws: UInt64 = 0

  /// A model for a seed.
  static func model(seed: UInt64, rule: Rule) -> CompiledModel {
    var random = RandomModel(seed: seed, rule: rule)
    return random.build()
  }

  /// A layer that learns by a program, small enough for a thousand of them.
  static func small(seed: UInt64) -> CompiledModel {
    var random = RandomModel(seed: seed, rule: .program)
    return random.buildSmall()
  }

  /// Intensities of one sample: a third silent, a sixth firing in each step.
  static func intensities(_ sample: UInt64, channels: Int, seed: UInt64) -> [UInt8] {
    let stream = CounterRandom(seed: seed, purpose: .training).stream(1, sample)
    return (0..<channels).map { channel in
      let draw = CounterRandom.draw(stream, UInt64(channel))
      switch draw % 6 {
      case 0, 1: return 0
      case 2: return 255
      default: return UInt8(truncatingIfNeeded: draw >> 8)
      }
    }
  }

  private init(seed: UInt64, rule: Rule) {
    self.seed = seed
    self.rule = rule
    stream = CounterRandom(seed: seed, purpose: .training).stream(0)
    arithmetic = .loihi
  }

  mutating func pick(_ range: ClosedRange<Int>) -> Int {
    defer { draws += 1 }
    let choices = UInt64(range.upperBound - range.lowerBound + 1)
    let draw = CounterRandom.draw(stream, draws)
    return range.lowerBound + Int(draw.multipliedFullWidth(by: choices).high)
  }

  mutating func chance(_ percent: Int) -> Bool { pick(1...100) <= percent }

  mutating func element<Element>(_ elements: [Element]) -> Element {
    elements[pick(0...elements.count - 1)]
  }

  private mutating func build() -> CompiledModel {
    steps = chance(10) ? pick(1...2) : pick(3...12)
    // Long enough for factors of three-factor learning to be summed up in parts.
    if rule == .threeFactor, chance(6) { steps = pick(33...70) }
    let potentialBits = element([8, 9, 12, 16, 20, 23, 24, 24])
    arithmetic = StateArithmetic(
      potentialBits: potentialBits, currentBits: element([8, 12, 17, 24]),
      currentOverflow: element(StateArithmetic.Overflow.allCases),
      inputShift: Int32(pick(0...potentialBits / 4)),
      learningWeightBits: element(rule == .edge ? [8, 11, 16] : [3, 8, 11, 16]))
    planes = [plane()]
    let count = rule == .threeFactor ? pick(2...4) : pick(1...4)
    let hasReadout = rule == .threeFactor || rule == .edge || (rule == .none && chance(50))
    for index in 0..<count {
      addLayer(index, isReadout: hasReadout && index == count - 1)
    }
    setPhases()
    addRecurrence()
    addPlasticity()
    fitDelays()
    fitShifts()
    for index in layers.indices {
      layers[index].neurons = neurons(index)
      fitEligibility(index)
    }
    addAssignment()
    let isDense = layers.allSatisfy { $0.connections.allSatisfy { $0.layout == .dense } }
    if isDense, chance(50) {
      arithmetic.columnConverter = ColumnConverter(rows: pick(1...20), bits: pick(2...12))
    }
    return CompiledModel(
      name: "random-\(seed)", chip: "test-chip", steps: steps, inputs: planes[0].size,
      input: .bernoulli(seed: seed),
      port: CompiledModel.MeshPlace(column: pick(0...3), row: pick(0...3)),
      arithmetic: arithmetic, layers: layers, cores: cores(), prices: Self.prices,
      timing: Self.timing)
  }

  private mutating func buildSmall() -> CompiledModel {
    steps = pick(2...8)
    arithmetic.potentialBits = 16
    arithmetic.inputShift = 0
    arithmetic.learningWeightBits = element([3, 8, 11, 16])
    let sizes = (inputs: pick(1...40), targets: pick(1...40))
    planes = [sizes.inputs, sizes.targets].map { Plane(height: 1, width: $0, channels: 1) }
    layers = [
      CompiledLayer(
        name: "output",
        neurons: .readout(
          ReadoutProgram(membrane: MembraneProgram(decay: 0), logitMultiplier: 0, logitShift: 0)),
        size: sizes.targets, exponent: 0, connections: [], phase: 1)
    ]
    addFeedbackPath(from: -1)
    addPlasticity()
    fitShifts()
    layers[0].neurons = neurons(0)
    return CompiledModel(
      name: "small-\(seed)", chip: "test-chip", steps: steps, inputs: sizes.inputs,
      input: .bernoulli(seed: seed), arithmetic: arithmetic, layers: layers, cores: cores(),
      prices: Self.prices, timing: Self.timing)
  }

  /// A plane of its own or a row of neurons.
  mutating func plane() -> Plane {
    if chance(50) {
      let channels = pick(1...4)
      return Plane(height: pick(1...6), width: pick(1...6), channels: channels)
    }
    let sizes = [
      pick(1...70), pick(1...70), 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 130,
    ]
    return Plane(height: 1, width: element(sizes), channels: 1)
  }

  /// Layers cut into cores on tiles that may be shared.
  private mutating func cores() -> [PlacedCore] {
    var cores: [PlacedCore] = []
    for index in layers.indices {
      var first = 0
      while first < layers[index].size {
        let rest = layers[index].size - first
        let count = chance(40) ? rest : pick(1...rest)
        cores.append(
          PlacedCore(
            layer: index, firstNeuron: first, neuronCount: count, column: pick(0...3),
            row: pick(0...3)))
        first += count
      }
    }
    return cores
  }

  /// The smallest phases; all connections so far lead forward.
  private mutating func setPhases() {
    for index in layers.indices {
      layers[index].phase = 1
      for connection in layers[index].connections {
        let phase = connection.source.map { layers[$0].phase } ?? 0
        layers[index].phase = max(layers[index].phase, phase + 1 - connection.delay)
      }
    }
  }

  /// Each event with a price and a time of its own, so that none stands for another.
  static let prices: PriceTable = {
    var prices: [EventKind: Price] = [:]
    for kind in EventKind.allCases {
      prices[kind] = Price(
        picojoules: Double(kind.rawValue + 1), source: "test", grade: .assumed)
    }
    return PriceTable(name: "test", prices: prices)
  }()

  /// Primes, so that sums of different events differ.
  static let timing: TimingTable = {
    let primes: [UInt32] = [
      1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049, 1051, 1061, 1063, 1069, 1087, 1091, 1093,
      1097,
    ]
    var times: [EventKind: UInt32] = [:]
    for (kind, time) in zip(EventKind.allCases, primes) { times[kind] = time }
    return TimingTable(
      picoseconds: times, axonInPicoseconds: 1103,
      barriers: [
        .init(tiles: 1, picoseconds: 10_007), .init(tiles: 4, picoseconds: 20_011),
        .init(tiles: 16, picoseconds: 40_009),
      ])
  }()
}
