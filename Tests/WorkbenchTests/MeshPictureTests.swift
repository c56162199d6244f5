import CompiledModel
import Testing
import Workbench

@Suite struct MeshPictureTests {
  private let picture = MeshPicture(
    model: ProbedModel.model, columns: 8, rows: 4, load: [16, 8, 2, 0, 4], measure: "operations")

  @Test func `only rows and columns with cores are drawn, each core with letter and bar`() {
    let lines = picture.text().split(separator: "\n").map(String.init)
    #expect(
      lines == [
        "   0       5",
        "0 [A█ A▅] [B▂   ]",
        "3 [B▁   ] [C▃   ]",
        "5 cores on 4 of 8 x 4 tiles, input at tile 0,0;", "bars are shares of 16 operations",
        "A  features: 32 neurons on 2 cores", "B  hidden: 6 neurons on 2 cores",
        "C  out: 3 neurons on 1 core",
      ])
  }

  @Test func `a narrow terminal sees a tile as one letter and the mean of its cores`() {
    let lines = picture.text(width: 12).split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(4) == [
        "   0    5", "0 [A▇] [B▂]", "3 [B▁] [C▃]",
        "5 cores on 4 of 8 x 4 tiles, input at tile 0,0;",
      ])
    #expect(lines[4] == "bars are means of a tile's cores, shares of 16 operations")
  }

  @Test func `columns beyond the width follow below`() {
    let lines = picture.text(width: 7).split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(6) == ["   0", "0 [A▇]", "3 [B▁]", "   5", "0 [B▂]", "3 [C▃]"])
  }

  @Test func `a picture without any load shows empty cores`() {
    let idle = MeshPicture(
      model: ProbedModel.model, columns: 8, rows: 4, load: [0, 0, 0, 0, 0])
    #expect(idle.text().contains("[A▁ A▁]"))
  }

  @Test func `one core and one neuron are no plural`() {
    var model = ProbedModel.model
    model.layers = [model.layers[0]]
    model.layers[0].size = 1
    model.cores = [PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0)]
    let text = MeshPicture(model: model, columns: 4, rows: 4, load: [1]).text()
    #expect(text.contains("\n1 core on 1 of 4 x 4 tiles") && text.contains("1 neuron on 1 core\n"))
  }

  @Test func `what is full can be said, and more than full is full`() {
    let full = MeshPicture(
      model: ProbedModel.model, columns: 8, rows: 4, load: [16, 4, 2, 0, 4], full: 8)
    #expect(full.text().contains("[A█ A▅]"))
  }

  @Test func `layers beyond the alphabet have two letters`() {
    var model = ProbedModel.model
    let layer = model.layers[0]
    model.layers = (0..<28).map { number in
      var copy = layer
      copy.name = "layer \(number)"
      return copy
    }
    model.cores = (0..<28).map {
      PlacedCore(layer: $0, firstNeuron: 0, neuronCount: 32, column: $0, row: 0)
    }
    let text = MeshPicture(
      model: model, columns: 28, rows: 1, load: [Double](repeating: 1, count: 28)
    ).text()
    #expect(text.contains("[ Z█]") && text.contains("[AA█]") && text.contains("[AB█]"))
    #expect(text.contains("AB  layer 27"))
  }

  @Test func `the heat map has a square for each core and is well-formed`() {
    let svg = picture.svg()
    #expect(svg.split(separator: "\n").count { $0.contains("<title>core ") } == 5)
    #expect(svg.contains("core 2: hidden, neurons 0 to 3, 2 operations"))
    #expect(MarkupBalance.holds(svg))
    // The busiest core has the darkest colour, the idle one the palest.
    #expect(svg.contains("#7e1236") && svg.contains("#fae9c4"))
  }
}
