import Federation
import Testing

@Suite struct ServerStateTests {
  static let steps: [ServerStep] = [
    .plain, .momentum(rate: 1, beta: 0.5), .control(rate: 1, population: 3),
    .adaptive(.yogi, rate: 1, beta1: 0.5, beta2: 0.5, tau: 0.25), .buffer(rate: 1, size: 3),
  ]

  private static func sample(_ step: ServerStep) -> ServerState {
    var state = step.initialState([3, 0, 2])
    var random = SplitMix(state: 9)
    for layer in state.first.indices {
      for index in state.first[layer].indices {
        state.first[layer][index] = Double.random(in: -1e9...1e9, using: &random)
      }
    }
    if state.kind == .buffer { state.buffered = 2 }
    return state
  }

  @Test(arguments: steps)
  func `a state reads back to the same bytes, and a piece of one is refused`(
    step: ServerStep
  ) throws {
    let state = Self.sample(step)
    let bytes = state.encoded()
    #expect(try ServerState(reading: bytes) == state)
    #expect(try ServerState(reading: bytes).encoded() == bytes)
    for length in 0..<bytes.count {
      #expect(throws: AggregationError.self) { try ServerState(reading: Array(bytes[..<length])) }
    }
    #expect(throws: AggregationError.self) { try ServerState(reading: bytes + [0]) }
  }

  @Test(arguments: steps)
  func `a changed byte never traps`(step: ServerStep) {
    let bytes = Self.sample(step).encoded()
    for index in bytes.indices {
      for value: UInt8 in [0, 1, 0x7F, 0xFF] {
        var changed = bytes
        changed[index] = value
        do throws(AggregationError) {
          #expect(try ServerState(reading: changed).encoded() == changed)
        } catch {
          #expect(error.code == "state-format")
        }
      }
    }
  }

  @Test func `mean squares begin at the square of tau, as in the paper`() {
    let state = Self.steps[3].initialState([2])
    #expect(state.second == [[0.0625, 0.0625]])
    #expect(state.first == [[0, 0]])
  }

  @Test func `a mean square below zero and what is no number are refused`() throws {
    var state = Self.sample(Self.steps[3])
    state.second[0][0] = -1
    #expect(throws: AggregationError.self) { try ServerState(reading: state.encoded()) }
    state = Self.sample(Self.steps[3])
    state.first[2][1] = .nan
    #expect(throws: AggregationError.self) { try ServerState(reading: state.encoded()) }
  }

  @Test func `a state of another rule or shape is refused by name`() throws {
    let base = [BaseLayer(weights: [0, 0, 0], bounds: -9...9)]
    let set = try UpdateSet(
      [UpdateSet.Entry(node: "a", facts: UpdateFacts(samples: 1), layers: [.int16([1, 2, 3])])],
      elementCounts: [3])
    for state in [
      Self.sample(Self.steps[1]), ServerStep.momentum(rate: 1, beta: 0).initialState([2]),
    ] {
      #expect(throws: AggregationError.self) {
        _ = try Aggregation(Strategy(.fedAdam)).merge(base: base, updates: set, state: state)
      }
    }
    #expect(throws: AggregationError.self) {
      _ = try Aggregation(Strategy(.fedAvg)).merge(
        base: base, updates: set, state: Self.sample(Self.steps[1]))
    }
  }
}
