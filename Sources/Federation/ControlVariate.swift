/// What a node sends beside its delta under SCAFFOLD, option II.
///
/// Karimireddy et al. 2020.
package enum ControlVariate {
  /// c_i+ - c_i = -c + (w - y) / (K * rate), in which the node's own c_i cancels.
  ///
  /// - Parameters:
  ///   - global: c of the weight, as the coordinator sent it.
  ///   - delta: y - w, what training added to the weight.
  ///   - steps: local steps K, 1 or more.
  ///   - rate: learning rate of the node, above 0.
  package static func change(global: Double, delta: Double, steps: Int, rate: Double) -> Double {
    precondition(steps > 0 && rate > 0, "\(steps) steps at a rate of \(rate)")
    return -global - delta / (Double(steps) * rate)
  }
}
