import Federation
import Testing

@Suite struct SecureParticipantTests {
  private static let all = [0, 1, 2, 3, 4]

  private func cohort(_ seed: UInt64) throws -> SecureCohort {
    var random = SplitMix(state: seed)
    return try SecureCohort(5, threshold: 3, random: &random)
  }

  @Test func `a node that starts again says the same bytes in every phase`() throws {
    var cohort = try cohort(1)
    let input = try cohort.mask(2, of: Self.all)
    let inputs = try [0, 1].map { try cohort.mask($0, of: Self.all) } + [input]
    let question = try SecureRequest(inputs: inputs, roster: cohort.roster)
    let answer = try cohort.answer(2, question, of: Self.all)
    let records = [SecureRecord(), cohort.nodes[2].record]
    for record in records {
      cohort.nodes[2] = SecureParticipant(
        round: SecureCohort.round, node: "node-2", root: SecureCohort.root(2),
        record: try SecureRecord(reading: record.encoded()))
      #expect(cohort.nodes[2].advert == cohort.roster.members[2].advert)
      #expect(try cohort.nodes[2].share(cohort.roster) == cohort.shared[2])
      #expect(try cohort.mask(2, of: Self.all) == input)
      #expect(try cohort.answer(2, question, of: Self.all) == answer)
      #expect(cohort.nodes[2].record == records[1])
    }
  }

  @Test func `other values, lists or deliveries under a used key are refused`() throws {
    var cohort = try cohort(2)
    _ = try cohort.mask(0, of: Self.all)
    let record = cohort.nodes[0].record
    var other = cohort
    other.deltas[0][1][0] ^= 1
    #expect(secureCode { _ = try other.mask(0, of: Self.all) } == "conflict")
    #expect(secureCode { _ = try cohort.mask(0, of: [0, 1, 2]) } == "conflict")
    let roster = try SecureCohort.roster(cohort.nodes, threshold: 4)
    #expect(secureCode { _ = try cohort.nodes[0].share(roster) } == "conflict")
    other = cohort
    other.roster = roster
    other.shared = try SecureCohort.nodes(5).map {
      var node = $0
      return try node.share(roster)
    }
    #expect(secureCode { _ = try other.mask(0, of: Self.all) } == "conflict")
    #expect(cohort.nodes[0].record == record && other.nodes[0].record == record)
  }

  @Test func `of no node both secrets are given away, whatever is asked`() throws {
    var cohort = try cohort(3)
    let inputs = try Self.all.map { try cohort.mask($0, of: Self.all) }
    let questions = try subsets(Self.all).filter { $0.count >= 3 }.map { living in
      try SecureRequest(inputs: living.map { inputs[$0] }, roster: cohort.roster)
    }
    for first in questions {
      var asked = cohort
      let answer = try asked.answer(1, first, of: Self.all)
      for second in questions where second != first {
        #expect(secureCode { _ = try asked.answer(1, second, of: Self.all) } == "conflict")
      }
      #expect(try asked.answer(1, first, of: Self.all) == answer)
    }
  }

  @Test func `a question about others, too few, or a node that sent nothing is refused`() throws {
    var cohort = try cohort(4)
    let inputs = try [0, 1, 2, 3].map { try cohort.mask($0, of: Self.all) }
    let question = try SecureRequest(inputs: inputs, roster: cohort.roster)
    #expect(secureCode { _ = try cohort.answer(0, question, of: [0, 1, 2]) } == "foreign")
    var bytes = question.encoded()
    // Two living of the four: head 6, digest 32, sharers 6, count 1.
    bytes.removeLast(2)
    bytes[44] = 2
    let few = try SecureRequest(reading: bytes)
    #expect(secureCode { _ = try cohort.answer(0, few, of: Self.all) } == "threshold")
    var asked = cohort
    #expect(secureCode { _ = try asked.answer(4, question, of: Self.all) } == nil)
    // It counts as dead now: no masked input after that.
    #expect(secureCode { _ = try asked.mask(4, of: Self.all) } == "order")
    var silent = try self.cohort(4)
    #expect(secureCode { _ = try silent.answer(0, question, of: Self.all) } == "foreign")
  }

  @Test func `phases have an order`() throws {
    var cohort = try cohort(5)
    cohort.nodes = SecureCohort.nodes(5)
    #expect(secureCode { _ = try cohort.mask(0, of: Self.all) } == "order")
    let inputs = try [1, 2, 3].map { node in
      _ = try cohort.nodes[node].share(cohort.roster)
      return try cohort.mask(node, of: Self.all)
    }
    let question = try SecureRequest(inputs: inputs, roster: cohort.roster)
    #expect(secureCode { _ = try cohort.answer(0, question, of: Self.all) } == "order")
  }

  @Test func `a share that was changed on its way is refused by its owner's name`() throws {
    let cohort = try cohort(6)
    // Sealed 80, commitments 32 and 32; head 6, digest 32, owner and count 2.
    for place in [0, 31, 40, 63, 64, 79, 80, 111, 112, 143] {
      var changed = cohort
      var bytes = cohort.shared[3].encoded()
      bytes[40 + 144 * 1 + place] ^= 4
      changed.shared[3] = try SecureShares(reading: bytes)
      #expect(
        throws: SecureError.share(owner: "node-3", holder: "node-1")
      ) { try changed.mask(1, of: Self.all) }
      #expect(throws: Never.self) { try changed.mask(2, of: Self.all) }
    }
  }

  @Test func `shares for one holder do not open for another, nor in another attempt`() throws {
    var cohort = try cohort(7)
    cohort.shared[3] = try SecureShares(
      reading: {
        var bytes = cohort.shared[3].encoded()
        let first = Array(bytes[40..<184])
        bytes.replaceSubrange(184..<328, with: first)
        return bytes
      }())
    #expect(secureCode { _ = try cohort.mask(1, of: Self.all) } == "share")
    let again = SecureRound(job: "digits", round: 3, attempt: 2)
    var nodes = SecureCohort.nodes(5, round: again)
    let roster = try SecureCohort.roster(nodes, threshold: 3)
    _ = try nodes[0].share(roster)
    #expect(nodes[0].advert.maskKey != cohort.nodes[0].advert.maskKey)
    #expect(secureCode { _ = try nodes[0].share(cohort.roster) } == "foreign")
    #expect(
      secureCode {
        _ = try SecureDelivery(cohort.shared, to: 0, roster: roster)
      } == "foreign")
  }

  @Test func `a list without the node's own keys or with a key that is none is refused`() throws {
    var nodes = SecureCohort.nodes(3)
    let roster = try SecureCohort.roster(nodes, threshold: 2)
    var stranger = SecureParticipant(
      round: SecureCohort.round, node: "node-1", root: SecureCohort.root(9))
    #expect(secureCode { _ = try stranger.share(roster) } == "foreign")
    var bytes = nodes[2].advert.encoded()
    // Head 6, job 7, round and attempt 8, name 7.
    bytes.replaceSubrange(28..<60, with: [UInt8](repeating: 0, count: 32))
    let weak = try SecureAdvert(reading: bytes)
    let listed = try SecureRoster(
      round: SecureCohort.round, base: SecureCohort.base, layerCounts: [1], deltaMax: 9,
      threshold: 2,
      members: [
        .init(advert: weak, weightMax: 1), .init(advert: nodes[0].advert, weightMax: 1),
        .init(advert: nodes[1].advert, weightMax: 1),
      ])
    #expect(throws: SecureError.publicKey(node: "node-2")) { try nodes[0].share(listed) }
  }

  @Test func `lists that give a secret away or overflow are refused`() throws {
    let nodes = SecureCohort.nodes(4)
    let code = { (threshold: Int, members: [SecureRoster.Member], deltaMax: UInt32) in
      secureCode {
        _ = try SecureRoster(
          round: SecureCohort.round, base: SecureCohort.base, layerCounts: [1],
          deltaMax: deltaMax, threshold: threshold, members: members)
      }
    }
    let members = nodes.map { SecureRoster.Member(advert: $0.advert, weightMax: 10) }
    #expect(code(3, members, 9) == nil)
    #expect(code(4, members, 9) == nil)
    #expect(code(2, members, 9) == "roster")
    #expect(code(5, members, 9) == "roster")
    #expect(code(3, members + [members[0]], 9) == "roster")
    #expect(code(1, [members[0]], 9) == "roster")
    #expect(code(3, members, 0) == "roster")
    #expect(code(3, members, 65_536) == "roster")
    #expect(
      code(3, members.dropLast() + [.init(advert: nodes[3].advert, weightMax: 0)], 9)
        == "roster")
    let renamed = SecureParticipant(
      round: SecureCohort.round, node: "node-9", root: SecureCohort.root(0))
    #expect(code(3, members.dropLast() + [.init(advert: renamed.advert, weightMax: 1)], 9) == nil)
    // The keys of node 0 under another name: head 6, round 15, name 7, then the keys.
    let twin = try SecureAdvert(
      reading: Array(renamed.advert.encoded()[..<28]) + nodes[0].advert.encoded()[28...])
    #expect(
      code(3, members.dropLast() + [.init(advert: twin, weightMax: 1)], 9) == "roster")
    let stale = SecureCohort.nodes(4, round: SecureRound(job: "digits", round: 2, attempt: 1))
    #expect(
      code(3, members.dropLast() + [.init(advert: stale[3].advert, weightMax: 1)], 9)
        == "roster")
  }

  @Test func `values the list does not allow are refused before they are masked`() throws {
    let cohort = try cohort(8)
    let code = { (base: [UInt8], weight: UInt32, deltas: [[Int32]]) in
      secureCode {
        var node = cohort.nodes[0]
        _ = try node.mask(
          base: base, weight: weight, deltas: deltas, roster: cohort.roster,
          delivery: try cohort.delivery(to: 0, of: Self.all))
      }
    }
    let (base, deltas) = (SecureCohort.base, [[1, 2, 3], [4, 65_535]] as [[Int32]])
    #expect(code(base, 1_000, deltas) == nil)
    #expect(code([UInt8](repeating: 0, count: 32), 1, deltas) == "contribution")
    #expect(code(base, 0, deltas) == "contribution")
    #expect(code(base, 1_001, deltas) == "contribution")
    #expect(code(base, 1, [[1, 2, 3]]) == "contribution")
    #expect(code(base, 1, [[1, 2, 3], [4]]) == "contribution")
    #expect(code(base, 1, [[1, 2, 3], [4, 65_536]]) == "contribution")
    #expect(code(base, 1, [[1, 2, 3], [.min, 0]]) == "contribution")
  }
}
