import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct SpikeAgreementTests {
  private let first = SpikeTrains(sources: 4, steps: [[0, 2], [], [1, 2, 3]])

  @Test func `a recording agrees with itself`() {
    let agreement = SpikeAgreement.compare(simulated: [first], chip: [first])[0]
    #expect(agreement.coincidence == 1)
    #expect(agreement.rateDifference == 0)
    #expect(agreement.neuronSteps == 12)
    #expect(agreement.simulatedRate == 5.0 / 12)
  }

  @Test func `shared spikes are counted among those of either`() {
    let other = SpikeTrains(sources: 4, steps: [[2, 3], [1], [0, 3]])
    var agreement = SpikeAgreement()
    agreement.add(simulated: first, chip: other)
    #expect(agreement.simulatedSpikes == 5)
    #expect(agreement.chipSpikes == 5)
    #expect(agreement.sharedSpikes == 2)
    #expect(agreement.coincidence == 0.25)
    #expect(agreement.rateDifference == 0)
  }

  @Test func `one step late is no agreement, though rates are equal`() {
    let early = SpikeTrains(sources: 2, steps: [[0, 1], []])
    let late = SpikeTrains(sources: 2, steps: [[], [0, 1]])
    let agreement = SpikeAgreement.compare(simulated: [early], chip: [late])[0]
    #expect(agreement.coincidence == 0)
    #expect(agreement.rateDifference == 0)
  }

  @Test func `silence agrees, and samples add up`() {
    let silent = SpikeTrains(sources: 4, steps: [[], [], []])
    var agreement = SpikeAgreement()
    #expect(agreement.coincidence == 1)
    #expect(agreement.chipRate == 0)
    agreement.add(simulated: silent, chip: silent)
    #expect(agreement.coincidence == 1)
    var other = SpikeAgreement()
    other.add(simulated: first, chip: silent)
    #expect(other.coincidence == 0)
    #expect(other.rateDifference == -5.0 / 12)
    agreement.add(other)
    agreement.add(simulated: first, chip: first)
    #expect(agreement.neuronSteps == 36)
    #expect(agreement.coincidence == 0.5)
    #expect(abs(agreement.rateDifference + 5.0 / 36) < 1e-15)
  }
}
