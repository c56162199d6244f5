package import CompiledModel
package import SpikingNetwork

/// Quantises a network, checks the chip's rules, splits its layers over cores and places them.
///
/// Any graph of populations that phases fit; the same arguments give the same bytes. Throws all
/// broken rules at once.
package func compile(
  _ network: SpikingNetwork, for chip: Chip, options: CompilerOptions = CompilerOptions()
) throws(CompileError) -> Compilation {
  do { try network.validate() } catch { throw .network(error) }
  var violations: [DesignViolation] = []
  guard let graph = PopulationGraph(of: network, into: &violations) else {
    throw .rules(network: network.name, chip: chip.name, violations)
  }
  var lowering = NetworkLowering(network: network, chip: chip, graph: graph, options: options)
  let layers = lowering.layers()
  let allocation = CoreAllocation(
    layers: layers, chip: chip, options: options, network: network.name)
  violations += lowering.violations + allocation.violations
  let pins = CorePins(graph: graph, allocation: allocation, chip: chip, options: options)
  violations += pins.violations
  guard violations.isEmpty else {
    throw .rules(network: network.name, chip: chip.name, violations)
  }
  let assembly = ModelAssembly(
    network: network, chip: chip, graph: graph, options: options, layers: layers,
    allocation: allocation, pinned: pins.tiles)
  let compilation = assembly.compilation(input: lowering.input)
  do { try compilation.model.validate() } catch {
    let violation = DesignViolation(
      layer: network.name, rule: .formatLimit, limit: error.expected,
      need: "\(error.section)\(error.field) = \(error.found)",
      cure: "make the network or the chip smaller")
    throw .rules(network: network.name, chip: chip.name, [violation])
  }
  return compilation
}
