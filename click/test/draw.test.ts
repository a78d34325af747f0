import t from 'tap'
import { toDot, toMermaid } from '../draw.ts'
import { flatten } from '../flatten/flatten.ts'
import { parse } from '../language/parse.ts'

const graph = flatten(parse('a :: Idle -> c :: Classifier("x\\"y", -); c => b :: Discard, [1] d :: Tee; Idle -> d'))

t.test('dot', async (t) => {
  t.equal(
    toDot(graph),
    `digraph click {
  node [shape=box];
  n0 [label="a\\nIdle"];
  n1 [label="c\\nClassifier(\\"x\\\\\\"y\\", -)"];
  n2 [label="b\\nDiscard"];
  n3 [label="d\\nTee"];
  n4 [label="Idle@5\\nIdle"];
  n0 -> n1;
  n1 -> n2 [taillabel="0"];
  n1 -> n3 [taillabel="1", headlabel="1"];
  n4 -> n3 [headlabel="0"];
}
`,
  )
})

t.test('Mermaid', async (t) => {
  t.equal(
    toMermaid(graph),
    `flowchart LR
  n0["a<br/>Idle"]
  n1["c<br/>Classifier(#34;x#92;#34;y#34;, -)"]
  n2["b<br/>Discard"]
  n3["d<br/>Tee"]
  n4["Idle@5<br/>Idle"]
  n0 --> n1
  n1 -->|"0 : 0"| n2
  n1 -->|"1 : 1"| n3
  n4 -->|"0 : 0"| n3
`,
  )
})

t.test('a long configuration is cut, bytes that do not print are dots', async (t) => {
  const dot = toDot(flatten(parse(`A(${'x'.repeat(100)}); B(\xff\x01)`)))
  t.match(dot, /A\(x{57}\.\.\.\)"/)
  t.match(dot, /B\(\.\.\)"/)
})
