import Foundation
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

@Suite struct NetworkFileTests {
  @Test func `a network comes back as it was written`() throws {
    let network = try NetworkTemplate(inputs: 3, hidden: [2], classes: 2).network()
    let folder = try TemporaryFolder()
    let text = String(decoding: try JSONEncoder().encode(network), as: UTF8.self)
    #expect(try NetworkFile.read(try folder.file("network.json", text)) == network)
  }

  @Test(arguments: [
    ("", "", "no JSON"), ("[1", "", "no JSON"), ("{}", "name", "no such key"),
    (#"{"name": 3}"#, "name", "another kind"),
    (
      #"{"name": "a", "timeStep": 0.1, "steps": 1, "encoder": {"bernoulli": {"seed": -1}}}"#,
      "", "out of its range"
    ),
    (
      #"""
      {"name": "a", "timeStep": 0.1, "steps": 1, "encoder": {"bernoulli": {"seed": 1}},
      "populations": [{"name": "b", "size": 1}], "projections": []}
      """#, "populations[0].model", "no such key"
    ),
  ])
  func `a wrong file is named by its key`(_ text: String, _ key: String, _ found: String) throws {
    let error = try #require(throws: ConfigurationError.self) {
      try NetworkFile.decode(Data(text.utf8), path: "n.json")
    }
    #expect(error.key == key && error.found.contains(found), "\(error)")
    #expect(error.file == "n.json")
  }

  @Test(arguments: [
    (#""precision":"int8""#, #""precision":"int3""#, "projections[0].precision", "int8, int4"),
    (#""size":3"#, #""size":"three""#, "populations[0].size", "a whole number"),
    (#""size":3"#, #""size":3,"sise":3"#, "populations[0].sise", "keys of a network only"),
    (#""plasticity":"#, #""plastisity":"#, "projections[0].plastisity", "keys of a network only"),
    (#""steps":10"#, #""steps":10,"typo":[1]"#, "typo", "keys of a network only"),
    (#""steps":10"#, #""steps":[10]"#, "steps", "a whole number"),
    (#""populations":["#, #""populations":[7,"#, "populations[0]", "an object in braces"),
  ])
  func `what is wrong in a file is named with what may stand there`(
    _ old: String, _ new: String, _ key: String, _ expected: String
  ) throws {
    let network = try NetworkTemplate(inputs: 3, hidden: [2], classes: 2).network()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(network), as: UTF8.self)
    let place = try #require(text.range(of: old))
    let broken = text.replacingCharacters(in: place, with: new)
    let error = try #require(throws: ConfigurationError.self) {
      try NetworkFile.decode(Data(broken.utf8), path: "n.json")
    }
    #expect(error.key == key && error.expected.contains(expected), "\(error)")
  }

  @Test func `when a trace is read is one of two words`() throws {
    var network = try NetworkTemplate(inputs: 3, hidden: [2], classes: 2).network()
    var rule = ProgramRule.triplet()
    rule.traces["x1"]?.reads = .before
    network.projections[0].plasticity = .program(rule)
    let text = String(decoding: try JSONEncoder().encode(network), as: UTF8.self)
    #expect(try NetworkFile.decode(Data(text.utf8), path: "n.json") == network)
    let broken = text.replacing(#""reads":"before""#, with: #""reads":"between""#)
    let error = try #require(throws: ConfigurationError.self) {
      try NetworkFile.decode(Data(broken.utf8), path: "n.json")
    }
    #expect(error.key == "projections[0].plasticity.program._0.traces.x1.reads", "\(error)")
    #expect(error.expected == "one of before, after")
  }

  @Test func `null for what may be left out is no unknown key`() throws {
    let network = try NetworkTemplate(inputs: 3, hidden: [2], classes: 2).network()
    let text = String(decoding: try JSONEncoder().encode(network), as: UTF8.self)
    let place = try #require(text.range(of: "{"))
    #expect(
      try NetworkFile.decode(
        Data(text.replacingCharacters(in: place, with: #"{"plan":null,"#).utf8), path: "n.json")
        == network)
  }

  @Test func `a file that is not there is named`() throws {
    let error = try #require(throws: ConfigurationError.self) {
      try NetworkFile.read("none.json")
    }
    #expect("\(error)".hasPrefix("none.json: found no such file or directory, expected a network"))
  }
}
