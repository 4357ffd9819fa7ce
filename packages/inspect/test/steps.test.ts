/**
 * What the page shows, step by step, and the recomputation behind its editor.
 */
import { createContext, runInContext } from "node:vm";
import { inflateRawSync } from "node:zlib";
import * as core from "@chainrule/core";
import { customOp, manualSeed, type NodeOp, randn, type Tensor, tensor } from "@chainrule/core";
import { Adam, SGD } from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import { capture, compareGradients, toHTML, toJSON } from "../src/index.ts";
import { pageEngine } from "../src/page/bundle.generated.ts";
import type { PageData, Shown } from "../src/page/data.ts";
import { Scopes } from "../src/page/open.ts";
import { unpacked } from "../src/page/packing.ts";
import { sameMoment, stateAfter, stepsOf } from "../src/page/steps.ts";
import { words } from "../src/page/words.ts";
import { numbersOf } from "../src/trace/data.ts";
import { replay } from "../src/trace/replay.ts";
import type { Trace } from "../src/trace/schema.ts";
import { broadcastTerms, termsOf } from "../src/trace/terms.ts";
import { programs, transformer } from "./programs.ts";

function pageData(trace: Trace): Shown {
  const text = /<script type="application\/json" id="data">(.*)<\/script>/.exec(toHTML(trace))![1]!;
  const data: PageData = JSON.parse(text);
  return { ...data, view: new Scopes(data).view, lostUpdate: false };
}

describe("steps", () => {
  test("forward, seed, one contribution at a time", () => {
    const data = pageData(programs.diamond());
    const steps = stepsOf(data);
    expect(steps.map(({ event }) => event.kind)).toEqual([
      "leaves",
      "forward",
      "forward",
      "seed",
      "vjp",
      "vjp",
      "vjp",
      "vjp",
    ]);
    const gradients = steps.map((step) => numbersOf(stateAfter(data, step).get("1.0")!.gradient));
    expect(gradients).toEqual([null, null, null, null, null, null, [2], [4]]);
    const values = steps.map((step) => numbersOf(stateAfter(data, step).get("3.0")!.value));
    expect(values.slice(0, 4)).toEqual([null, null, [4], [4]]);
  });

  test("broadcast sums are steps of their own; updates come last", () => {
    const steps = stepsOf(pageData(programs.twoLayers()));
    const kinds = steps.map(({ event }) => event.kind);
    expect(kinds.filter((kind) => kind === "sum")).toHaveLength(2);
    expect(kinds.slice(-4)).toEqual(["update", "update", "update", "update"]);
  });

  test("a closed scope is one step each way", () => {
    const data = pageData(transformer(12));
    const scopes = stepsOf(data).flatMap(({ event }) =>
      event.kind === "forwardScope" || event.kind === "backwardScope" ? [event] : [],
    );
    expect(scopes.map(({ kind }) => kind)).toEqual(["forwardScope", "backwardScope"]);
    expect(scopes[0]!.count).toBe(180);
  });

  test("a scope that is opened shows its ops, at the same moment", () => {
    const data = pageData(programs.cells());
    const scopes = new Scopes(data);
    const before = stepsOf(data);
    const at = before.findIndex(({ event }) => event.kind === "forwardScope");
    const closed = before[at]!.event as { box: number };
    const scope = scopes.view.boxes[closed.box]!.group!;
    expect(scopes.hash()).toBe("");
    expect(scopes.toggle(scope)).toBeNull();
    expect(scopes.isOpen(scope)).toBe(true);
    const opened = { ...data, view: scopes.view };
    const after = stepsOf(opened);
    expect(after.length).toBeGreaterThan(before.length);
    const there = sameMoment(after, before[at]!);
    expect(stateAfter(opened, after[there]!)).toEqual(stateAfter(data, before[at]!));
    const elsewhere = new Scopes(data);
    expect(elsewhere.openAs(scopes.hash().slice("&open=".length))).toBe(true);
    expect(elsewhere.view.boxes).toHaveLength(scopes.view.boxes.length);
    expect(scopes.toggle(scope)).toBeNull();
    expect(stepsOf({ ...data, view: scopes.view })).toEqual(before);
  });

  test("what there is no room for is sealed, and the steps are as before", () => {
    let x = tensor(1, { requiresGrad: true, name: "x" });
    for (let i = 0; i < 1200; i++) x = x.mul(1.0001).sin();
    const trace = capture(x.mul(2));
    const data = pageData(trace);
    expect(data.trace.nodes.length).toBeLessThan(2000);
    const left = Object.values(data.sealed).reduce((sum, { ops }) => sum + ops, 0);
    const kept = data.trace.nodes.filter(({ id, kind }) => kind === "op" && !data.sealed[id]);
    expect(left + kept.length).toBe(2401);
    const steps = stepsOf(data);
    const count = (kind: string): number =>
      steps.reduce(
        (sum, { event }) => sum + (event.kind === kind ? (event as { count: number }).count : 0),
        0,
      );
    expect(
      count("forwardScope") + steps.filter(({ event }) => event.kind === "forward").length,
    ).toBe(2401);
    const end = stateAfter(data, steps.at(-1)!);
    const id = data.names.findIndex(([name]) => name === "x") + 1;
    if (id > 0) expect(end.get(`${id}.0`)!.gradient).toEqual(trace.nodes[0]!.outputs[0]!.grad);
    const scopes = new Scopes(data);
    const sealed = scopes.view.boxes.find(
      ({ group }) =>
        group !== null && "op" in group.members[0]! && data.sealed[group.members[0]!.id],
    )!;
    expect(scopes.toggle(sealed.group!)).toBe("sealed");
  });

  test("the sums behind elements are those of the rules", () => {
    for (const trace of [programs.twoLayers(), programs.moons()]) {
      let found = 0;
      for (const [i, contribution] of trace.backward!.contributions.entries()) {
        const numbers = numbersOf(contribution.raw ?? contribution.value)!;
        for (const element of numbers.keys()) {
          const terms = termsOf(trace, i, element);
          if (terms === null) continue;
          found++;
          const sum = terms.terms.reduce(
            (total, { left, right }) => total + left * (right ?? 1),
            0,
          );
          expect(sum).toBeCloseTo(terms.result, 5);
        }
        if (contribution.raw === null) continue;
        for (const element of numbersOf(contribution.value)!.keys()) {
          const { terms, result } = broadcastTerms(contribution, element)!;
          expect(terms.reduce((total, { left }) => total + left, 0)).toBeCloseTo(result, 6);
        }
      }
      expect(found).toBeGreaterThan(4);
    }
  });

  test("both languages say everything", () => {
    expect(Object.keys(words.es).sort()).toEqual(Object.keys(words.en).sort());
  });
});

describe("replay", () => {
  const known = new Map<string, NodeOp>();
  for (const one of Object.values(core)) {
    const op: unknown = typeof one === "function" ? Reflect.get(one, "op") : undefined;
    if (typeof op === "object" && op !== null) known.set(Reflect.get(op, "name"), op as NodeOp);
  }
  const opNamed = (name: string): NodeOp | undefined => known.get(name);

  test("gives the same trace from the same numbers", () => {
    for (const trace of [programs.diamond(), programs.twoLayers()]) {
      expect(toJSON(replay(trace, {}, opNamed))).toBe(toJSON(trace));
    }
  });

  test("gives the engine's numbers from others, to the last bit", () => {
    const program = (a: number): Trace => {
      const x = tensor([a, 0.3], { requiresGrad: true });
      return capture(() => x.exp().mul(x).tanh().sum(), { sourceLines: false });
    };
    const again = replay(program(0.7), { 1: [-1.234567, 0.3] }, opNamed);
    expect(toJSON(again)).toBe(toJSON(program(-1.234567)));
  });

  test("an update by the gradient is made again; of any other the page says so", () => {
    const program = (a: number, make: (w: Tensor) => { step(): void }): Trace => {
      const w = tensor([a, 0.3], { requiresGrad: true, name: "w" });
      const optimizer = make(w);
      return capture(() => w.exp().mul(w).sum(), {
        sourceLines: false,
        update: () => optimizer.step(),
      });
    };
    const descent = (w: Tensor): SGD => new SGD([w], { lr: 0.03 });
    const again = replay(program(0.7, descent), { 1: [-1.234567, 0.3] }, opNamed);
    expect(toJSON(again)).toBe(toJSON(program(-1.234567, descent)));
    const momentum = (w: Tensor): Adam => new Adam([w], { lr: 0.1 });
    expect(replay(program(0.7, momentum), { 1: [2, 0.3] }, opNamed).update).toBeNull();
    const data = pageData(program(0.7, momentum));
    expect(stepsOf({ ...data, lostUpdate: true }).at(-1)!.event.kind).toBe("noUpdate");
  });

  test("refuses what it cannot repeat", () => {
    const own = customOp({ name: "own", forward: (x: Tensor) => x.exp(), vjp: (c) => [c] });
    const trace = capture(() => own(tensor([1, 2])).sum());
    expect(() => replay(trace, {}, opNamed)).toThrow(/op own/);
  });
});

test("the engine that is packed into the page computes the same", () => {
  const script = inflateRawSync(unpacked(pageEngine)).toString("utf8");
  const place = createContext({ performance, TextDecoder, TextEncoder, console });
  runInContext(script, place);
  for (const program of Object.values(programs)) {
    const trace = program();
    Object.assign(place, { text: toJSON(trace) });
    const again: unknown = runInContext(
      "JSON.stringify(chainruleEngine.replay(JSON.parse(text), {}))",
      place,
    );
    expect(again === toJSON(trace)).toBe(true);
  }
});

describe("compareGradients", () => {
  test("right gradients are right, of all programs' leaves and edges", () => {
    manualSeed(5);
    const w = randn([3, 2], { requiresGrad: true });
    const x = randn([4, 3]);
    const { rows, firstWrong } = compareGradients(
      () => x.matmul(w).add(1).gelu().softmax(1).log().mean(),
      { edges: true },
    );
    expect(firstWrong).toBeNull();
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.every(({ verdict }) => verdict === "ok")).toBe(true);
  });

  test("a wrong rule is found at its op, and at its operand", () => {
    const wrong = customOp({
      name: "wrongProduct",
      forward: (a: Tensor, b: Tensor) => a.mul(b),
      vjp: (cotangent, { operands: [, b] }) => [cotangent.mul(b!), cotangent.mul(b!)],
    });
    const a = tensor([2, 3], { requiresGrad: true, name: "a" });
    const b = tensor([5, 7], { requiresGrad: true, name: "b" });
    const { trace, firstWrong, rows } = compareGradients(
      () => wrong(a.exp(), b.sin()).square().sum(),
      { edges: true },
    );
    expect(trace.nodes[firstWrong!.node! - 1]!.op).toBe("wrongProduct");
    expect(firstWrong!.operand).toBe(1);
    const leaf = (name: string) =>
      rows.filter(
        (row) => row.node === null && trace.nodes[row.target.node - 1]!.outputs[0]!.name === name,
      );
    expect(leaf("a").map(({ verdict }) => verdict)).toEqual(["ok", "ok"]);
    expect(leaf("b").map(({ verdict }) => verdict)).toEqual(["wrong", "wrong"]);
    expect(toHTML(trace, { check: { trace, firstWrong, rows } })).toContain('class="first-wrong"');
  });

  test("kinks are called so", () => {
    const x = tensor([0, 1, -1], { requiresGrad: true });
    const { rows } = compareGradients(() => x.relu().sum());
    expect(rows.map(({ verdict }) => verdict)).toEqual(["kink", "ok", "ok"]);
    const smooth = compareGradients(() => x.relu().mul(x).sum());
    expect(smooth.rows.map(({ verdict }) => verdict)).toEqual(["ok", "ok", "ok"]);
  });

  test("refuses programs without gradient", () => {
    expect(() => compareGradients(() => tensor([1, 2]).sum())).toThrow(/there is no gradient/);
    expect(() => compareGradients(() => tensor([1, 2]).matmul(tensor([1])))).toThrow(
      /the program threw/,
    );
  });
});
