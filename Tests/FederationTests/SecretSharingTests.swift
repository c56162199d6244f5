import Federation
import Testing

/// Shares as they come out of answers, put together by arithmetic of its own.
@Suite struct SecretSharingTests {
  /// The product modulo x^8 + x^4 + x^3 + x + 1, by long multiplication and division.
  private func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
    var wide = (0..<8).reduce(0) { b >> $1 & 1 == 1 ? $0 ^ Int(a) << $1 : $0 }
    for bit in (8...14).reversed() where wide >> bit & 1 == 1 { wide ^= 0x11B << (bit - 8) }
    return UInt8(wide)
  }

  private func inverse(_ a: UInt8) -> UInt8 {
    (1...255).first { product(a, $0) == 1 } ?? 0
  }

  /// The value at zero of the polynomial through the holders' shares.
  private func interpolated(_ shares: [(holder: Int, share: [UInt8])]) -> [UInt8] {
    (0..<32).map { index in
      shares.reduce(0) { sum, own in
        let place = UInt8(own.holder + 1)
        let weight = shares.filter { $0.holder != own.holder }.reduce(UInt8(1)) {
          let far = UInt8($1.holder + 1)
          return product($0, product(far, inverse(far ^ place)))
        }
        return sum ^ product(weight, own.share[index])
      }
    }
  }

  @Test(arguments: [3, 4, 5])
  func `any threshold of shares agree, and no fewer do`(threshold: Int) throws {
    var random = SplitMix(state: 31)
    var cohort = try SecureCohort(5, threshold: threshold, random: &random)
    let all = [0, 1, 2, 3, 4]
    let inputs = try all.map { try cohort.mask($0, of: all) }
    let sum = try cohort.sum(inputs: inputs, of: all)
    let answers = try all.map { try cohort.answer($0, sum.question, of: all) }
    for owner in all {
      let shares = answers.map {
        let bytes = $0.encoded()
        return (holder: $0.holder, share: Array(bytes[(40 + owner * 32)..<(72 + owner * 32)]))
      }
      let secrets = { (size: Int) in
        Set(
          subsets(all).filter { $0.count == size }.map { self.interpolated($0.map { shares[$0] }) })
      }
      #expect(secrets(threshold).count == 1)
      for size in 1..<threshold {
        let sets = subsets(all).filter { $0.count == size }.count
        #expect(secrets(size).count == sets)
        #expect(secrets(size).isDisjoint(with: secrets(threshold)))
      }
    }
    #expect(try sum.open(answers) == cohort.plain(all))
  }
}
