package import CompiledModel
package import SpikingNetwork

/// Quantises a network, checks the chip's rules, splits its layers over cores and places them.
///
/// Row-major over the mesh, in the order of the chain. Throws all broken rules at once.
package func compile(
  _ network: SpikingNetwork, for chip: Chip
) throws(CompileError) -> Compilation {
  do { try network.validate() } catch { throw .network(error) }
  var violations: [DesignViolation] = []
  guard let chain = LayerChain(of: network, into: &violations) else {
    throw .rules(network: network.name, chip: chip.name, violations)
  }
  var lowering = NetworkLowering(network: network, chip: chip, chain: chain)
  let layers = lowering.layers()
  let allocation = CoreAllocation(layers: layers, chip: chip, network: network.name)
  violations += lowering.violations + allocation.violations
  guard violations.isEmpty else {
    throw .rules(network: network.name, chip: chip.name, violations)
  }
  let model = CompiledModel(
    name: network.name, chip: chip.name, steps: network.steps, inputs: chain.input.size,
    input: lowering.input, layers: layers.map(\.compiled), cores: allocation.cores,
    prices: chip.prices, timing: chip.timing)
  do { try model.validate() } catch {
    let violation = DesignViolation(
      layer: network.name, rule: .formatLimit, limit: error.expected,
      need: "\(error.section)\(error.field) = \(error.found)",
      cure: "make the network or the chip smaller")
    throw .rules(network: network.name, chip: chip.name, [violation])
  }
  return Compilation(
    model: model, layers: allocation.layerFacts, cores: allocation.coreFacts, limits: chip.core,
    chipCores: chip.cores)
}
