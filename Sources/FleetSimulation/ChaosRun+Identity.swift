import FleetCore
import FleetProtocol

/// Keys, machines and root files: who may speak for whom, and how that changes under way.
extension ChaosRun {
  /// Some agents are asked for a new key.
  func rotateKeys() {
    let some = agents.shuffled(using: &random).prefix(1 + random.index(below: 3))
    for agent in some { script.wish("rotate", .node(agent.node.text, .rotateKey)) }
  }

  /// A node is revoked, for a later step to give its name to a new machine; or gets one at once.
  func changeMachine() {
    if random.chance(0.5), let index = script.revoked.first {
      script.revoked.removeFirst()
      return replace(agents[index])
    }
    let agent = agents[random.index(below: agents.count)]
    guard !script.revoked.contains(agent.index) else { return }
    if random.chance(0.3) { return replace(agent) }
    script.revoked.append(agent.index)
    script.wish("revoke", .node(agent.node.text, .revoke))
  }

  /// The machine is swapped before the operator says so: until then its key is a stranger's.
  private func replace(_ agent: SimulatedAgent) {
    trace("\(agent.node) gets a new machine")
    killAgent(agent)
    agent.replaceHardware()
    ledger.machineGone(agent.node)
    script.wish("replace", .node(agent.node.text, .replace(publicKey: agent.key)))
  }

  /// A node takes no work for a while, and then does again.
  func changeDuty() {
    if random.chance(0.5), !script.cordoned.isEmpty {
      let agent = agents[script.cordoned.removeFirst()]
      return script.wish("uncordon", .node(agent.node.text, .uncordon))
    }
    let agent = agents[random.index(below: agents.count)]
    if random.chance(0.25) {
      script.everQuarantined.insert(agent.index)
      return script.wish(
        "quarantine", .node(agent.node.text, random.chance(0.7) ? .quarantine(reason: "") : .pardon)
      )
    }
    guard !script.cordoned.contains(agent.index) else { return }
    script.cordoned.append(agent.index)
    script.everCordoned.insert(agent.index)
    let order: NodeOrder = random.chance(0.5) ? .cordon : .drain(giveBack: random.chance(0.5))
    script.wish("cordon", .node(agent.node.text, order))
  }

  /// The fleet follows a new root file with another deploy key.
  func rotateRoot() {
    script.rootVersion += 1
    script.wish("root", .addRoot(SimulatedTrust.makeRootFile(version: script.rootVersion)))
  }

  /// Every name has a machine again that takes work.
  func bringBackAll() {
    for index in script.revoked { replace(agents[index]) }
    // An earlier order to take work again may have been refused while the node was revoked.
    for index in script.everCordoned.sorted() {
      script.wish("uncordon", .node(agents[index].node.text, .uncordon))
    }
    for index in script.everQuarantined.sorted() {
      script.wish("pardon", .node(agents[index].node.text, .pardon))
    }
    script.revoked = []
    script.cordoned = []
    // Who has used up its energy would be asked by no round before the next day.
    for budget in ["fleet", "some"] { script.wish("budget", .removeBudget(budget)) }
    // A restored backup may have a job paused that went on since.
    script.paused = script.everPaused.sorted()
    resumeJobs()
  }
}
