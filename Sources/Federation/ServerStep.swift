/// What the coordinator does with the combined delta D of a round, coordinate by coordinate.
///
/// Weights and D are in the unit of the steps' worth, so that learning rates mean the same
/// whatever a layer's exponent.
package enum ServerStep: Sendable, Equatable {
  /// w+ = w + D.
  case plain
  /// m <- beta m - D; w+ = w - rate * m (Hsu et al. 2019, FedAvgM; no Nesterov).
  case momentum(rate: Double, beta: Double)
  /// m <- b1 m + (1 - b1) D; w+ = w + rate * m / (sqrt(v) + tau), no bias correction, v from
  /// tau^2 on (Reddi et al. 2020, algorithm 2).
  case adaptive(SecondMoment, rate: Double, beta1: Double, beta2: Double, tau: Double)
  /// w+ = w + rate * D and c+ = c + (1 / population) * sum of the changes of control variates
  /// (Karimireddy et al. 2020, SCAFFOLD, option II).
  case control(rate: Double, population: Int)
  /// The sum of scaled deltas waits until `size` have come in; then w+ = w + (rate / number) * sum
  /// (Nguyen et al. 2022, FedBuff; the number is `size` unless a set brought more).
  case buffer(rate: Double, size: Int)

  /// How v, the mean square of D, moves on.
  package enum SecondMoment: String, Sendable, Codable, CaseIterable {
    /// v + D^2.
    case adagrad
    /// b2 v + (1 - b2) D^2.
    case adam
    /// v - (1 - b2) D^2 sign(v - D^2).
    case yogi

    /// v after a round whose delta has this square.
    package func next(_ v: Double, _ square: Double, beta2: Double) -> Double {
      switch self {
      case .adagrad: return v + square
      case .adam: return beta2 * v + (1 - beta2) * square
      case .yogi:
        let change = (1 - beta2) * square
        return v > square ? v - change : v < square ? v + change : v
      }
    }
  }

  /// Which state the step keeps between rounds.
  package var stateKind: ServerState.Kind {
    switch self {
    case .plain: .none
    case .momentum: .momentum
    case .adaptive: .moments
    case .control: .control
    case .buffer: .buffer
    }
  }

  /// The state before the first round, for layers of these element counts.
  package func initialState(_ elementCounts: [Int]) -> ServerState {
    var state = ServerState(kind: stateKind)
    let zeros = elementCounts.map { [Double](repeating: 0, count: $0) }
    switch self {
    case .plain: break
    case .momentum, .control, .buffer: state.first = zeros
    case .adaptive(_, _, _, _, let tau):
      state.first = zeros
      state.second = elementCounts.map { [Double](repeating: tau * tau, count: $0) }
    }
    return state
  }

  /// What is added to a weight whose combined delta is `delta`; moves its state on.
  ///
  /// - Parameter buffered: updates in the buffer with those of this round.
  @inline(__always)
  func change(
    _ delta: Double, buffered: Int, _ first: inout Double, _ second: inout Double
  ) -> Double {
    switch self {
    case .plain: return delta
    case .momentum(let rate, let beta):
      first = beta * first - delta
      return -rate * first
    case .adaptive(let moment, let rate, let beta1, let beta2, let tau):
      first = beta1 * first + (1 - beta1) * delta
      second = moment.next(second, delta * delta, beta2: beta2)
      return rate * first / (second.squareRoot() + tau)
    case .control(let rate, _): return rate * delta
    case .buffer(let rate, let size):
      first += delta
      guard buffered >= size else { return 0 }
      defer { first = 0 }
      return rate / Double(buffered) * first
    }
  }
}
