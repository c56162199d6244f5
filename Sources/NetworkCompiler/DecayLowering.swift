import CompiledModel

/// Decays in the chip's 12 bits, made up for what cutting toward zero takes.
///
/// The chip keeps `|v| * d >> 12` of a potential v. For values spread over many units the product
/// falls evenly between whole numbers, so a step loses `delta = (1 - g / 4096) / 2` of a unit
/// beyond its decay, with `g = gcd(d, 4096)`: half a unit for nearly every d. Of all decays, the
/// one that comes closest to a factor lambda in the least squares has
///
///     d / 4096 = lambda + delta * E|v| / E[v^2],
///
/// as the regression of the cut potential on the true one has the slope
/// `d / 4096 - delta * E|v| / E[v^2]`. For a normal v, `E|v| = sqrt(2 / pi) * sqrt(E[v^2])`;
/// `DriveEstimate` gives the mean square from weights and spike rates. On potentials of 24 bits
/// this changes next to nothing. Where a threshold is a few dozen units, the loss is as large as
/// many a leak, and neurons would fall silent by it.
enum DecayLowering {
  /// sqrt(2 / pi).
  private static let meanOfNormal = 0.797_884_560_802_865_4

  /// The nearest decay; what leaks goes on leaking, what keeps everything goes on keeping it.
  static func decay(_ factor: Double) -> Int32 {
    let one = Double(ChipArithmetic.decayOne)
    guard factor < 1 else { return ChipArithmetic.decayOne }
    return Int32(max(0, min(one - 1, (factor * one).rounded())))
  }

  /// The decay that comes closest to `factor` for values of this root mean square, in units of the
  /// potential.
  static func decay(_ factor: Double, typical: Double) -> Int32 {
    let plain = decay(factor)
    guard factor < 1, plain > 0, typical > 0 else { return plain }
    let one = Double(ChipArithmetic.decayOne)
    let loss = (1 - Double(1 << plain.trailingZeroBitCount) / one) / 2
    // A quarter of the leak stays, however coarse the potential.
    let most = 1 - (1 - factor) / 4
    return max(plain, decay(min(most, factor + loss * meanOfNormal / typical)))
  }
}
