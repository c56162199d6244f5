import Testing

/// What the rules see of a file: code, comments, and nothing of string literals.
@Suite struct SourceMaskTests {
  @Test func `strings and comments are not code`() {
    let mask = SourceMask("let a = \"try! {\"  // because { of it\nlet b = 1 /* } */ + 2")
    #expect(mask.code.map(\.trimmed) == ["let a = \"      \"", "let b = 1         + 2"])
    #expect(mask.comments[0].trimmed == "// because { of it")
    #expect(mask.comments[1].trimmed == "/* } */")
  }

  @Test func `code in an interpolation is code`() {
    let mask = SourceMask(#"let a = "x \(f("}") + g(1)) y"; let b = 2"#)
    #expect(mask.code[0].contains("f(\" \") + g(1)) "))
    #expect(mask.code[0].hasSuffix("; let b = 2"))
    #expect(!mask.code[0].contains("}"))
  }

  @Test func `long and raw strings keep their lines and lose their text`() {
    let mask = SourceMask(
      "let a = \"\"\"\n  func {\n  \"\"\"\nlet b = #\"a \" \\( { \"#\nlet c = 3")
    #expect(mask.code.count == 5)
    #expect(!mask.code.joined().contains("{"))
    #expect(mask.code[4] == "let c = 3")
  }

  @Test func `a name that is a sentence is blank and a quoted keyword stays`() {
    let mask = SourceMask("func `try! it (twice`() { x.`default` }")
    #expect(!mask.code[0].holds("try!"))
    #expect(mask.code[0].hasSuffix("() { x.`default` }"))
  }

  @Test func `a phrase is found as a whole word only`() {
    #expect("let x = Date()".holds("Date("))
    #expect(!"let x = WireUpdate()".holds("Date("))
    #expect(!"let x = toDate()".holds("Date("))
    #expect("func f() async throws".holds("async"))
    #expect(!"let asyncCount = 1".holds("async"))
  }
}
