import Testing

/// Long files, long lines and long functions are seen at one past their limits.
@Suite struct SizeTests {
  private func sizes(
    _ lines: Int, of line: String = "a", path: String = "Sources/A/A.swift",
    reasons: [String: String] = [:]
  ) -> [String] {
    let text = String(repeating: line + "\n", count: lines)
    return SizeRule.violations(in: SourceFile(path: path, text: text), reasons: reasons)
      .map(\.rule)
  }

  @Test func `a file over 400 lines needs a reason and none helps over 600`() {
    let reasons = ["Sources/A/A.swift": "one table"]
    #expect(sizes(400) == [])
    #expect(sizes(401) == ["file-length"])
    #expect(sizes(401, reasons: ["Sources/A/A.swift": ""]) == ["file-length"])
    #expect(sizes(401, reasons: reasons) == [])
    #expect(sizes(600, reasons: reasons) == [])
    #expect(sizes(601, reasons: reasons) == ["file-length"])
    #expect(sizes(601, path: "Sources/A/a.pb.swift") == [])
    #expect(sizes(601, path: "Tests/ATests/Fixtures/A.swift") == [])
  }

  @Test func `a reason that is no longer needed is stale`() {
    let short = SourceFile(path: "A.swift", text: "a")
    let long = SourceFile(path: "B.swift", text: String(repeating: "a\n", count: 401))
    let reasons = ["A.swift": "x", "B.swift": "x", "C.swift": "x"]
    let stale = SizeRule.staleReasons(in: [short, long], reasons: reasons)
    #expect(stale.map(\.path) == ["A.swift", "C.swift"])
  }

  @Test func `a line has at most 100 columns unless it holds an address`() {
    #expect(sizes(1, of: String(repeating: "a", count: 100)) == [])
    #expect(sizes(1, of: String(repeating: "ä", count: 100)) == [])
    #expect(sizes(1, of: String(repeating: "a", count: 101)) == ["line-length"])
    #expect(sizes(1, of: "https://" + String(repeating: "a", count: 101)) == [])
  }

  @Test(arguments: [
    "func f(\n  a: Int = g { 1 }\n) throws(E)\n  -> [Int]\n{", "init?() {", "var a: Int {",
    "subscript(i: Int) -> Int {", "deinit {", "func `a sentence { here`() {",
  ])
  func `a body has at most 70 lines`(opening: String) {
    func found(_ count: Int) -> [Int] {
      let head = opening.split(separator: "\n").count
      let body = String(repeating: "  if a { b(\"{\") } // {\n", count: count - head - 1)
      let text = "struct A {\n\(opening)\n\(body)}\nlet b = 1\n}"
      return FunctionLengthRule.violations(in: SourceFile(path: "A.swift", text: text))
        .map(\.line)
    }
    #expect(found(70) == [])
    #expect(found(71) == [2])
  }

  @Test func `a requirement without a body is none`() {
    let text = """
      protocol P {
        func a() -> Int
        init(b: Int)
      }
      struct S {
        var stored: Int
        init() { self.init(b: 1) }
        func short(
          a: Int
        ) {
        }
      }
      """
    let bodies = FunctionLengthRule.bodies(in: SourceFile(path: "A.swift", text: text))
    #expect(bodies.map(\.first) == [7, 8])
    #expect(bodies.map(\.last) == [7, 11])
  }
}
