import SpikingNetwork

/// A simulated sensor: how strongly places along a cochlea would answer to a sound, over its time.
///
/// Each place is a gammatone filter of the fourth order in its complex form (Patterson et al. 1992;
/// Hohmann 2002): four resonators in a row at the place's frequency, as wide as an auditory filter
/// (ERB after Glasberg and Moore 1990). What leaves it is rectified by its magnitude; a place's
/// answer in a slice of the sound is the mean of that, compressed by the square root. The largest
/// answer of a sound is 255, so that loudness is no clue.
///
/// No recording of a real silicon cochlea is imitated. Sums, products, square roots and series in
/// plain arithmetic alone: the same bytes on every machine.
package struct SimulatedCochlea: Sendable {
  /// Places from the lowest frequency to the highest.
  package static let channels = 64
  /// Equal parts of a sound's time.
  package static let slices = 16
  /// Frequencies of the first and the last place, in hertz.
  package static let frequencies = 100.0...3_600.0

  fileprivate struct Place {
    let cosine: Double
    let sine: Double
    let gain: Double
  }

  private let places: [Place]

  /// A cochlea for sounds of so many samples a second.
  package init(rate: Int) {
    precondition(WaveFile.rates.contains(rate), "a rate of \(rate)")
    places = (0..<Self.channels).map { index in
      let frequency = Self.frequency(of: index)
      let width = 1.019 * 24.7 * (4.37 * frequency / 1_000 + 1)
      let decay = NaturalExponential.exponential(-2 * Double.pi * width / Double(rate))
      let (cosine, sine) = Self.rotation(2 * Double.pi * frequency / Double(rate))
      return Place(cosine: decay * cosine, sine: decay * sine, gain: 1 - decay)
    }
  }

  /// The frequency of a place in hertz: equal distances on the scale of auditory filters.
  package static func frequency(of place: Int) -> Double {
    let ends = (
      NaturalExponential.logarithm(4.37 * frequencies.lowerBound / 1_000 + 1),
      NaturalExponential.logarithm(4.37 * frequencies.upperBound / 1_000 + 1)
    )
    let share = Double(place) / Double(channels - 1)
    let exponent = ends.0 + (ends.1 - ends.0) * share
    return (NaturalExponential.exponential(exponent) - 1) * 1_000 / 4.37
  }

  /// Cosine and sine of an angle of 0 to pi: their series at a sixteenth, doubled four times.
  private static func rotation(_ angle: Double) -> (cosine: Double, sine: Double) {
    let x = angle / 16
    var (cosine, sine) = (1.0, 1.0)
    for n in stride(from: 16.0, to: 0, by: -2) {
      cosine = 1 - cosine * x * x / (n * (n - 1))
      sine = 1 - sine * x * x / (n * (n + 1))
    }
    sine *= x
    for _ in 0..<4 { (cosine, sine) = (cosine * cosine - sine * sine, 2 * cosine * sine) }
    return (cosine, sine)
  }

  /// The answers to a sound, `[slice][place]`; all zero to silence.
  package func answers(to sound: [Double]) -> [UInt8] {
    var levels = [Double](repeating: 0, count: Self.slices * Self.channels)
    for (index, place) in places.enumerated() {
      for (slice, mean) in place.means(of: sound, slices: Self.slices).enumerated() {
        levels[slice * Self.channels + index] = mean.squareRoot()
      }
    }
    guard let largest = levels.max(), largest > 0 else { return levels.map { _ in 0 } }
    return levels.map { UInt8(($0 * 255 / largest).rounded()) }
  }
}

extension SimulatedCochlea.Place {
  /// The mean magnitude of what leaves the place's filter, in each of `slices` equal parts.
  fileprivate func means(of sound: [Double], slices: Int) -> [Double] {
    var state = (a: (0.0, 0.0), b: (0.0, 0.0), c: (0.0, 0.0), d: (0.0, 0.0))
    func step(_ input: (Double, Double), _ old: (Double, Double)) -> (Double, Double) {
      (
        gain * input.0 + cosine * old.0 - sine * old.1,
        gain * input.1 + cosine * old.1 + sine * old.0
      )
    }
    return (0..<slices).map { slice in
      let range = sound.count * slice / slices..<sound.count * (slice + 1) / slices
      var sum = 0.0
      for position in range {
        state.a = step((sound[position], 0), state.a)
        state.b = step(state.a, state.b)
        state.c = step(state.b, state.c)
        state.d = step(state.c, state.d)
        sum += (state.d.0 * state.d.0 + state.d.1 * state.d.1).squareRoot()
      }
      return range.isEmpty ? 0 : sum / Double(range.count)
    }
  }
}
