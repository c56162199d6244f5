/// Shamir's secret sharing (1979), byte by byte over GF(2^8) with x^8 + x^4 + x^3 + x + 1.
///
/// Bytes rather than a prime field, as then any 32 bytes are a secret and a share has the same
/// length; the price is at most 255 holders, more than masks for every pair of nodes are good for.
/// Multiplication has no table and no branch, so its time says nothing about a secret.
enum SecretSharing {
  /// Most holders: one for each element of the field but zero.
  static let holdersMax = 255

  /// One share for each of `holders`, any `threshold` of which give the secret.
  ///
  /// `coefficients` are (threshold - 1) * secret.count uniform secret bytes.
  static func split(
    _ secret: [UInt8], threshold: Int, holders: Int, coefficients: [UInt8]
  ) -> [[UInt8]] {
    precondition((1...holdersMax).contains(holders), "\(holders) holders")
    precondition((1...holders).contains(threshold), "threshold \(threshold) of \(holders)")
    precondition(
      coefficients.count == (threshold - 1) * secret.count, "\(coefficients.count) coefficients")
    return (1...holders).map { holder in
      let place = UInt8(holder)
      return secret.indices.map { index in
        var value: UInt8 = 0
        for power in (0..<(threshold - 1)).reversed() {
          value = multiply(value ^ coefficients[power * secret.count + index], place)
        }
        return value ^ secret[index]
      }
    }
  }

  /// The secret from exactly as many shares as the threshold, by distinct holders from 0 up.
  ///
  /// Wrong shares give a wrong secret, which only the caller can notice.
  static func combine(_ shares: [(holder: Int, share: [UInt8])]) -> [UInt8] {
    var secret = [UInt8](repeating: 0, count: shares.first?.share.count ?? 0)
    for (holder, share) in shares {
      // Lagrange's coefficient at zero; minus is plus.
      var weight: UInt8 = 1
      for (other, _) in shares where other != holder {
        let (own, far) = (UInt8(holder + 1), UInt8(other + 1))
        weight = multiply(weight, multiply(far, inverse(own ^ far)))
      }
      for index in secret.indices { secret[index] ^= multiply(weight, share[index]) }
    }
    return secret
  }

  /// The product in the field.
  static func multiply(_ a: UInt8, _ b: UInt8) -> UInt8 {
    var (left, product): (UInt8, UInt8) = (a, 0)
    for bit in 0..<UInt8(8) {
      product ^= left & (0 &- (b >> bit & 1))
      left = (left << 1) ^ (0x1B & (0 &- (left >> 7)))
    }
    return product
  }

  /// The inverse of an element that is not zero: its 254th power.
  private static func inverse(_ a: UInt8) -> UInt8 {
    var (power, result): (UInt8, UInt8) = (a, 1)
    for _ in 0..<7 {
      power = multiply(power, power)
      result = multiply(result, power)
    }
    return result
  }
}
