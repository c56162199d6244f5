/// Adam (Kingma and Ba 2015) with its usual constants, over one array for each layer.
struct AdamOptimizer: Sendable {
  private static let beta1 = 0.9
  private static let beta2 = 0.999
  private static let epsilon: Float = 1e-8

  /// Step size.
  var learningRate: Double
  private var firstMoments: [[Float]]
  private var secondMoments: [[Float]]
  private var beta1Power = 1.0
  private var beta2Power = 1.0

  init(learningRate: Double, shape: [[Float]]) {
    self.learningRate = learningRate
    firstMoments = shape.map { [Float](repeating: 0, count: $0.count) }
    secondMoments = firstMoments
  }

  /// Counts one change of the weights; call it once before the layers are moved.
  mutating func beginStep() {
    beta1Power *= Self.beta1
    beta2Power *= Self.beta2
  }

  /// Moves one layer's weights against `scale` times the gradient, which becomes zero.
  mutating func move(
    layer: Int, weights: inout [Float], gradient: inout [Float], scale: Float
  ) {
    precondition(
      weights.count == gradient.count && weights.count == firstMoments[layer].count,
      "weights and gradient of layer \(layer) have another shape than at the start")
    let (b1, b2) = (Float(Self.beta1), Float(Self.beta2))
    let rate = Float(learningRate / (1 - beta1Power))
    let correction = Float(1 / (1 - beta2Power))
    // Unsafe: bounds checks would keep the loop from vectorising; the counts were compared above.
    weights.withUnsafeMutableBufferPointer { w in
      gradient.withUnsafeMutableBufferPointer { g in
        firstMoments[layer].withUnsafeMutableBufferPointer { m in
          secondMoments[layer].withUnsafeMutableBufferPointer { v in
            for n in w.indices {
              let slope = scale * g[n]
              g[n] = 0
              m[n] = b1 * m[n] + (1 - b1) * slope
              v[n] = b2 * v[n] + (1 - b2) * slope * slope
              w[n] -= rate * m[n] / ((v[n] * correction).squareRoot() + Self.epsilon)
            }
          }
        }
      }
    }
  }
}
