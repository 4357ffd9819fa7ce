/**
 * Traces as pictures: kept examples, other programs' parsers, folding, and texts from strangers.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { ones, type Tensor, tensor, withScope } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import {
  capture,
  readTrace,
  toDot,
  toHTML,
  toJSON,
  toMermaid,
  toSVG,
  toText,
} from "../src/index.ts";
import { pageBoot, pageEngine, pageScript, pageStyle } from "../src/page/bundle.generated.ts";
import type { Trace } from "../src/trace/schema.ts";
import { programs, transformer } from "./programs.ts";

const traces = Object.fromEntries(
  Object.entries(programs).map(([name, program]) => [name, program()]),
);

/** A checksum that does not see the last digits of numbers. */
function checksum(text: string): string {
  const rounded = text.replace(/-?\d+\.\d+(?:e-?\d+)?/g, (number) =>
    String(Number(Number(number).toPrecision(4))),
  );
  return createHash("sha256").update(rounded).digest("hex").slice(0, 16);
}

/** A page without what is the same in all of them. */
function ownPart(page: string): string {
  return page
    .replace(pageBoot, "")
    .replace(pageEngine, "")
    .replace(pageScript, "")
    .replace(pageStyle, "")
    .replace(/sha256-[^']*/g, "");
}

describe.each(Object.entries(traces))("%s", (name, trace) => {
  test("text, Graphviz and Mermaid are as they were", async () => {
    await expect(`${toText(trace, { color: false })}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
    await expect(`${toDot(trace)}\n`).toMatchFileSnapshot(`golden/${name}.dot`);
    await expect(`${toMermaid(trace)}\n`).toMatchFileSnapshot(`golden/${name}.mmd`);
  });

  test("JSON, SVG and HTML are as they were, by checksum", async () => {
    const sums = {
      json: checksum(toJSON(trace)),
      svg: checksum(toSVG(trace)),
      en: checksum(ownPart(toHTML(trace))),
      es: checksum(ownPart(toHTML(trace, { language: "es", editable: false }))),
    };
    await expect(`${JSON.stringify(sums, null, 2)}\n`).toMatchFileSnapshot(
      `golden/${name}.sums.json`,
    );
  });

  test("Graphviz accepts it, if it is there", (context) => {
    if (!hasGraphviz()) return context.skip();
    const svg = execFileSync("dot", ["-Tsvg"], { input: toDot(trace), encoding: "utf8" });
    expect(svg).toContain("</svg>");
  });

  test("SVG is well-formed", () => {
    expectWellFormed(toSVG(trace));
  });

  test("all that was captured comes back from JSON", () => {
    expect(readTrace(toJSON(trace))).toEqual(trace);
  });
});

function hasGraphviz(): boolean {
  try {
    execFileSync("dot", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Every element is closed, in order; attributes are quoted; nothing is bare that must be an entity. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  const rest = xml
    .replace(/<style>[^<]*<\/style>/, "")
    .replace(
      /<(\/?)([\w-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
      (_all, close, name, _attributes, end) => {
        if (close === "/") expect(open.pop()).toBe(name);
        else if (end === "") open.push(name);
        return "";
      },
    );
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|#\d+);)/);
}

describe("folding", () => {
  test("identical blocks are one box, and open when asked", () => {
    const trace = transformer(12);
    expect(toText(trace, { color: false })).toContain("Block ×12 180 ops");
    const opened = toText(trace, { color: false, expand: ({ depth }) => depth <= 2 });
    expect(opened.match(/▸ \d+ \d+ ops/g)).toHaveLength(12);
    expect(toDot(trace, { expand: () => true }).match(/^ *n\d+ \[/gm)).toHaveLength(
      trace.nodes.length,
    );
  });

  test("3·10⁴ nodes are drawn closed, in seconds", { timeout: 20_000 }, () => {
    let x = tensor(1, { requiresGrad: true });
    for (let i = 0; i < 10_000; i++) x = x.mul(1.0001).sin();
    const trace = capture(x);
    expect(trace.nodes.length).toBe(30_001);
    expect(toSVG(trace).match(/class="box/g)!.length).toBeLessThanOrEqual(151);
    const page = toHTML(trace, { editable: false });
    expect(page).toContain("</html>");
    expect(page.length).toBeLessThan(1_500_000);
  });

  test("more boxes than can be drawn are refused", () => {
    let x = tensor(1, { requiresGrad: true });
    for (let i = 0; i < 3500; i++) x = x.sin();
    expect(() => toSVG(capture(x), { expand: () => true })).toThrow(/boxes are too many/);
  });

  test("scopes that are entered again are told apart; edges to closed ones are counted", () => {
    const trace = capture(() => {
      let x = tensor([1, 2], { requiresGrad: true });
      for (let i = 0; i < 2; i++) x = withScope("f", () => x.exp().mul(x)).neg();
      return x.sum();
    });
    const text = toDot(trace, { expand: () => false });
    expect(text.match(/label="f\\n2 ops"/g)).toHaveLength(2);
  });
});

describe("a broken program", () => {
  const trace = capture(() =>
    withScope("head", () =>
      ones([2, 3])
        .exp()
        .matmul(ones([2, 3])),
    ),
  );

  test("is shown up to where it broke, with the edges to blame", () => {
    expect(toText(trace, { color: false })).toBe(
      [
        "matmul",
        "✗ ShapeError: matmul: inner dimensions 3 and 2 differ ([2, 3] × [2, 3]). Transpose one operand, or reshape.",
        "├─ ✗ exp [2, 3] [2.72, 2.72, 2.72, 2.72, …]",
        "│  └─ x1 [2, 3] [1, 1, 1, 1, …]",
        "└─ ✗ x2 [2, 3] [1, 1, 1, 1, …]",
      ].join("\n"),
    );
    expect(toDot(trace).match(/color=red, penwidth=2/g)).toHaveLength(2);
    expect(toMermaid(trace)).toContain("stroke:red");
    expect(toSVG(trace).match(/class="edge bad"/g)).toHaveLength(2);
    expect(toHTML(trace)).toContain("inner dimensions 3 and 2");
  });
});

describe("traces from strangers", () => {
  const good = (): Record<string, unknown> => JSON.parse(toJSON(programs.diamond()));
  const refused = (change: (trace: never) => void): (() => Trace) => {
    const trace = good();
    change(trace as never);
    return () => readTrace(trace);
  };

  test.each<[string, (trace: never) => void, RegExp]>([
    ["another version", (t: { version: number }) => (t.version = 2), /version is 2/],
    ["another format", (t: { format: string }) => (t.format = "x"), /format is "x"/],
    [
      "a cycle",
      (t: Trace) => Object.assign(t.nodes[1]!.operands[0]!, { node: 2 }),
      /nodes\[1\]\.operands\[0\]\.node is 2/,
    ],
    [
      "a wrong shape",
      (t: Trace) => Object.assign(t.nodes[1]!.outputs[0]!, { shape: [3] }),
      /shape is \[\], not \[3\]/,
    ],
    [
      "too few numbers",
      (t: Trace) => Object.assign(t.nodes[0]!.outputs[0]!.value!, { data: [] }),
      /list of 1 numbers/,
    ],
    [
      "no number",
      (t: Trace) => Object.assign(t.nodes[0]!.outputs[0]!.value!, { data: ["1"] }),
      /data\[0\] is "1"/,
    ],
    [
      "a huge shape",
      (t: Trace) => Object.assign(t.nodes[0]!.outputs[0]!, { shape: [1e9, 1e9] }),
      /too many elements/,
    ],
    [
      "a long name",
      (t: Trace) => Object.assign(t.nodes[0]!.outputs[0]!, { name: "x".repeat(1e7) }),
      /has 10000000 characters/,
    ],
    ["an unknown kind", (t: Trace) => Object.assign(t.nodes[0]!, { kind: "x" }), /kind is "x"/],
    ["no list", (t: Trace) => Object.assign(t, { nodes: {} }), /nodes is { {2}}, not a list/],
    [
      "an edge to nowhere",
      (t: Trace) => Object.assign(t.outputs[0]!, { node: 9 }),
      /outputs\[0\]\.node is 9/,
    ],
    [
      "an operand too many",
      (t: Trace) => Object.assign(t.backward!.contributions[0]!, { operand: 2 }),
      /operand is 2/,
    ],
    [
      "a contribution that cannot be summed",
      (t: Trace) => {
        const one = t.backward!.contributions[0]!;
        Object.assign(one, { raw: { ...one.value, shape: [0], data: [] } });
        Object.assign(t.nodes[1]!.outputs[0]!, { shape: [2] });
        for (const which of ["value", "grad"] as const)
          Object.assign(t.nodes[1]!.outputs[0]!, {
            [which]: { ...one.value, shape: [2], data: [1, 2] },
          });
        Object.assign(one.value, { shape: [2], data: [1, 2] });
        Object.assign(t.backward!.contributions[1]!, { value: one.value, total: null });
      },
      /contributions\[0\]\.raw\.shape is \[0\], which cannot be summed to \[2\]/,
    ],
    [
      "an empty node",
      (t: Trace) => Object.assign(t.nodes[2]!, { outputs: [] }),
      /is empty|must be a whole number/,
    ],
  ])("%s", (_name, change, message) => {
    expect(refused(change)).toThrow(message);
  });

  test("no JSON, and JSON of something else", () => {
    expect(() => readTrace("{")).toThrow(/this is no JSON/);
    expect(() => readTrace("[]")).toThrow(/not an object/);
    expect(() => toText({} as never)).toThrow(/format is undefined/);
  });

  test("names are text, never markup, and steer neither terminal nor parser", () => {
    const evil = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"];\n}\u001B[31m\u202E%%{init}%%`;
    const x = tensor(1, { requiresGrad: true, name: evil });
    const trace = capture(() => withScope(evil.replaceAll("/", "|"), () => x.add(x).exp()), {
      title: evil,
    });
    const formula = {
      ...trace,
      nodes: trace.nodes.map((node) => ({
        ...node,
        formula: evil,
        derivatives: node.derivatives.map(
          () => String.raw`\href{javascript:alert(1)}{x}\style{color:red}{x}`,
        ),
      })),
    };
    const page = toHTML(readTrace(JSON.stringify(formula)));
    expect(page.match(/<script/g)).toHaveLength(4);
    expect(page).not.toMatch(/<img|href="javascript|style="/);
    expect(toSVG(trace)).not.toMatch(/<script|<img/);
    expectWellFormed(toSVG(trace));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(toText(trace, { color: false })).not.toMatch(/[\u001B\u202E]/);
    expect(toMermaid(trace)).not.toMatch(/<script|%%/);
    if (hasGraphviz())
      execFileSync("dot", ["-Tsvg"], { input: toDot(trace), stdio: ["pipe", "ignore", "pipe"] });
  });
});

describe("options", () => {
  const trace = programs.diamond();

  test("misspelt or of the wrong kind: an error", () => {
    const calls: (() => unknown)[] = [
      () => toText(trace, { colour: true } as never),
      () => toSVG(trace, { direction: "up" as never }),
      () => toHTML(trace, { language: "fr" as never }),
      () => toDot(trace, { expand: true as never }),
      () => toMermaid(trace, { maxNodes: 0 }),
      () => toHTML(trace, { editable: 1 as never }),
    ];
    for (const call of calls) expect(call).toThrow(/unknown option|must be|expand must/);
  });

  test("colours for terminals", () => {
    expect(toText(trace, { color: true })).toContain("\u001B[32ma\u001B[0m");
  });

  test("from top to bottom", () => {
    const size = (svg: string): number[] =>
      /width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number);
    const [wide, high] = [size(toSVG(trace)), size(toSVG(trace, { direction: "TB" }))];
    expect(wide[0]! > wide[1]! && high[1]! > high[0]!).toBe(true);
  });
});

test("a page is small, whatever it shows", () => {
  for (const trace of Object.values(traces)) {
    const text = toHTML(trace, { language: "es" });
    const data = /id="data">(.*)<\/script>/.exec(text)![1]!;
    const picture = /<svg.*<\/svg>/s.exec(text)![0];
    const own = Buffer.byteLength(text) - Buffer.byteLength(data) - Buffer.byteLength(picture);
    expect(own).toBeLessThan(150_000);
  }
});

test("a program of the user's own, with an op of its own", () => {
  const trace = capture(() => (tensor([1, 2], { requiresGrad: true }) as Tensor).gelu().sum());
  expect(toHTML(trace).includes(String.raw`\u003cmath display=`)).toBe(true);
});
