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

  @Test func `a file that is not there is named`() throws {
    let error = try #require(throws: ConfigurationError.self) {
      try NetworkFile.read("none.json")
    }
    #expect("\(error)".hasPrefix("none.json: found no such file or directory, expected a network"))
  }
}
