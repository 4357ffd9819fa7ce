/**
 * What a step says: the rule, the shapes, the numbers, the accumulation.
 */

import { fromTraceNumber, numbersOf, singleNumberOf } from "../trace/data.ts";
import type { TraceRef, TraceValue } from "../trace/schema.ts";
import type { Terms } from "../trace/terms.ts";
import { broadcastTerms, cotangentOf, termsOf } from "../trace/terms.ts";
import { descentRule, ruleOf } from "../view/rules.ts";
import { boxTitle, shapeText } from "../view/words.ts";
import type { Shown } from "./data.ts";
import type { Child } from "./dom.ts";
import { formula, h, replaceChildren } from "./dom.ts";
import { namesOf } from "./names.ts";
import type { Step, StepEvent } from "./steps.ts";
import { indexText, localNumber, tensorTable } from "./tables.ts";
import type { Words } from "./words.ts";

function nameOf(data: Shown, ref: TraceRef): string {
  return namesOf(data).of(ref);
}

/** What a box is called. */
export function titleOfBox(data: Shown, box: number): string {
  return boxTitle(data.view.boxes[box]!, namesOf(data));
}

function targetOf({ trace }: Shown, contribution: number): TraceRef {
  const { node, operand } = trace.backward!.contributions[contribution]!;
  return trace.nodes[node - 1]!.operands[operand]!;
}

/** What a step is called. */
export function titleOf(data: Shown, words: Words, event: StepEvent): string {
  const { trace } = data;
  switch (event.kind) {
    case "leaves":
      return words.leavesTitle;
    case "forward":
      return words.forwardTitle(
        trace.nodes[event.node - 1]!.op!,
        nameOf(data, { node: event.node, output: 0 }),
      );
    case "forwardScope":
      return words.scopeForward(titleOfBox(data, event.box), event.count);
    case "backwardScope":
      return words.scopeBackward(titleOfBox(data, event.box), event.count);
    case "seed":
      return words.seedTitle(nameOf(data, trace.backward!.seeds[event.seed]!.target));
    case "vjp": {
      const { node } = trace.backward!.contributions[event.contribution]!;
      return words.vjpTitle(
        trace.nodes[node - 1]!.op!,
        nameOf(data, targetOf(data, event.contribution)),
      );
    }
    case "sum":
      return words.sumTitle(nameOf(data, targetOf(data, event.contribution)));
    case "update":
      return words.updateTitle(nameOf(data, trace.update![event.change]!.target));
    case "noUpdate":
      return words.noUpdateTitle;
    case "error":
      return words.errorTitle;
  }
}

/** The panel of a step. */
export function panelFor(data: Shown, words: Words, { event }: Step): Child[] {
  const title = h("h2", { id: "step-title" }, titleOf(data, words, event));
  const now = phaseOf(data, event);
  const phases = (["forward", "seed", "backward", "update"] as const)
    .filter((phase) => phase !== "update" || data.lostUpdate || data.trace.update !== null)
    .flatMap((phase, i) => [
      i === 0 ? "" : " › ",
      phase === now ? h("strong", {}, words.phase[phase]) : words.phase[phase],
    ]);
  return [h("p", { class: "phase" }, ...phases), title, ...bodyOf(data, words, event)];
}

/** What a step is called where nothing beside it tells the phase. */
export function announcementOf(data: Shown, words: Words, event: StepEvent): string {
  return `${words.phase[phaseOf(data, event)]}: ${titleOf(data, words, event)}`;
}

function phaseOf({ trace }: Shown, { kind }: StepEvent): keyof Words["phase"] {
  if (kind === "seed") return "seed";
  if (kind === "error") return trace.error!.phase;
  if (kind === "vjp" || kind === "sum" || kind === "backwardScope") return "backward";
  return kind === "update" || kind === "noUpdate" ? "update" : "forward";
}

function bodyOf(data: Shown, words: Words, event: StepEvent): Child[] {
  const { trace } = data;
  switch (event.kind) {
    case "leaves": {
      const missing = Object.values(data.sealed).reduce((sum, { ops }) => sum + ops, 0);
      return [
        h("p", {}, words.leavesText),
        missing === 0 ? null : h("p", { class: "none" }, words.leftOut(missing)),
      ];
    }
    case "forward":
      return forwardBody(data, words, event.node);
    case "seed": {
      const { target, value } = trace.backward!.seeds[event.seed]!;
      return [h("p", {}, words.seedText), tensorTable(words, `∂${nameOf(data, target)}`, value)];
    }
    case "vjp":
      return contributionBody(data, words, event.contribution);
    case "sum":
      return sumBody(data, words, event.contribution);
    case "update":
      return updateBody(data, words, event.change);
    case "noUpdate":
      return [h("p", {}, words.noUpdate)];
    case "error":
      return [h("p", { class: "bad" }, `${trace.error!.name}: ${trace.error!.message}`)];
    default:
      return [];
  }
}

/** `0.5 − 0.1 · 0.4 → 0.46`, where the update was a plain step against the gradient. */
function updateBody(data: Shown, words: Words, change: number): Child[] {
  const { trace, rate } = data;
  const { target, before, after } = trace.update![change]!;
  const gradient = trace.nodes[target.node - 1]!.outputs[target.output]!.grad;
  const number = (one: number): string => localNumber(words, one);
  const [a, slope, b] = [before, gradient, after].map(singleNumberOf);
  const isLine = rate !== null && a != null && slope != null && b != null;
  return [
    rate === null
      ? null
      : section(
          words.rule,
          formula(data.math[descentRule]),
          h("p", {}, `η = ${localNumber(words, rate, 6)}`),
        ),
    isLine
      ? section(
          words.numbers,
          h(
            "p",
            { class: "sum" },
            `${number(a)} − ${number(rate)} · ${signed(number(slope))} → `,
            h("strong", {}, number(b)),
          ),
        )
      : null,
    tensorTable(words, words.before, before),
    tensorTable(words, words.gradient, gradient),
    tensorTable(words, words.after, after),
  ];
}

function section(title: string, ...children: Child[]): Child {
  return h("section", {}, h("h3", {}, title), ...children);
}

/** The single numbers of a node by the symbols of its formula; none if one of them is a tensor. */
function scalarsOf(
  data: Shown,
  words: Words,
  id: number,
  withResult: boolean,
): Map<string, string> {
  const node = data.trace.nodes[id - 1]!;
  const numbers = new Map<string, string>();
  const put = (symbol: string | undefined, ref: TraceRef): boolean => {
    const single = singleNumberOf(
      data.trace.nodes[ref.node - 1]!.outputs[ref.output]?.value ?? null,
    );
    if (single === null || symbol === undefined) return false;
    numbers.set(symbol, localNumber(words, single));
    return true;
  };
  const all = node.operands.every((ref, i) => put(node.symbols[i], ref));
  const done = !withResult || put("y", { node: id, output: 0 });
  return all && done ? numbers : new Map();
}

function forwardBody(data: Shown, words: Words, id: number): Child[] {
  const node = data.trace.nodes[id - 1]!;
  const math = data.math[node.formula ?? ""];
  const scalars = scalarsOf(data, words, id, true);
  const shapes = node.operands.map((ref) => {
    const tensor = data.trace.nodes[ref.node - 1]!.outputs[ref.output]!;
    return `${nameOf(data, ref)} ${shapeText(tensor.shape)}`;
  });
  const results = node.outputs.map(
    ({ shape }, output) => `${nameOf(data, { node: id, output })} ${shapeText(shape)}`,
  );
  return [
    section(words.rule, formula(math)),
    scalars.size === 0 ? null : section(words.numbers, formula(math, scalars)),
    scalars.size > 0
      ? null
      : section(words.shapes, h("p", {}, `${shapes.join(", ")} → ${results.join(", ")}`)),
    section(
      words.value,
      ...node.outputs.map(({ value }, output) =>
        tensorTable(words, nameOf(data, { node: id, output }), value),
      ),
    ),
    node.site === null ? null : h("p", { class: "site" }, `${words.source}: ${node.site}`),
  ];
}

function contributionBody(data: Shown, words: Words, index: number): Child[] {
  const { trace } = data;
  const { node: id, operand, raw, value } = trace.backward!.contributions[index]!;
  const node = trace.nodes[id - 1]!;
  const target = nameOf(data, node.operands[operand]!);
  const cotangent = cotangentOf(trace, id, index);
  const shown = raw ?? value;
  const terms = h("div", { class: "terms", "aria-live": "polite" }, h("p", {}, words.choose));
  const isSingle = singleNumberOf(shown) !== null;
  const canChoose = !isSingle && numbersOf(shown) !== null;
  const choose = (element: number): void => {
    const found = pointwiseTerms(data, index, element) ?? termsOf(trace, index, element);
    replaceChildren(
      terms,
      h("h3", {}, words.element(indexText(shown.shape, element))),
      found === null ? h("p", {}, words.noTerms) : termsLine(words, found),
    );
  };
  const outputShape = node.outputs[0]!.shape;
  return [
    section(words.rule, formula(data.math[ruleOf(node, operand)])),
    localDerivative(data, words, index),
    outputShape.length === 0 && shown.shape.length === 0
      ? null
      : section(
          words.shapes,
          h(
            "p",
            {},
            `∂${nameOf(data, { node: id, output: 0 })} ${shapeText(outputShape)} → ∂${target} ${shapeText(shown.shape)}`,
          ),
        ),
    isSingle && cotangent !== null ? null : cotangentTable(data, words, id, index),
    section(
      words.contribution,
      tensorTable(words, `∂${target}`, shown, canChoose ? choose : null),
      canChoose ? terms : null,
    ),
    raw === null ? accumulation(data, words, index) : null,
  ];
}

function cotangentTable(data: Shown, words: Words, id: number, before: number): Child {
  const numbers = cotangentOf(data.trace, id, before);
  const { shape, dtype } = data.trace.nodes[id - 1]!.outputs[0]!;
  if (numbers === null) return null;
  const value: TraceValue = { shape, dtype, data: numbers, summary: null, slice: null };
  return section(
    words.cotangent,
    tensorTable(words, `∂${nameOf(data, { node: id, output: 0 })}`, value),
  );
}

/** For single numbers: the derivative with numbers for symbols, and the product. */
function localDerivative(data: Shown, words: Words, index: number): Child {
  const { trace } = data;
  const { node: id, operand, raw, value } = trace.backward!.contributions[index]!;
  const node = trace.nodes[id - 1]!;
  const given = singleNumberOf(raw ?? value);
  const cotangent = cotangentOf(trace, id, index);
  const derivative = node.derivatives[operand];
  const scalars = scalarsOf(data, words, id, true);
  if (given === null || cotangent?.length !== 1 || derivative === undefined || scalars.size === 0)
    return null;
  const number = (one: number): string => localNumber(words, one);
  const local = cotangent[0] === 0 ? null : given / cotangent[0]!;
  return section(
    words.numbers,
    // A derivative that is a number says it all in the rule.
    /^-?[\d.]+$/.test(derivative) ? null : formula(data.math[derivative], scalars),
    local === null
      ? null
      : h(
          "p",
          { class: "sum" },
          `${number(cotangent[0]!)} · ${signed(number(local))} = `,
          h("strong", {}, number(given)),
        ),
  );
}

function signed(text: string): string {
  return text.startsWith("−") ? `(${text})` : text;
}

/** Element by element, a pointwise op multiplies the cotangent with the derivative there. */
function pointwiseTerms(data: Shown, index: number, element: number): Terms | null {
  const { trace } = data;
  const { node, operand, raw, value } = trace.backward!.contributions[index]!;
  if (trace.nodes[node - 1]!.derivatives[operand] === undefined) return null;
  const cotangent = cotangentOf(trace, node, index)?.[element];
  const result = numbersOf(raw ?? value)?.[element];
  if (cotangent === undefined || result === undefined || cotangent === 0) return null;
  return { terms: [{ left: cotangent, right: result / cotangent }], result };
}

const mostTerms = 24;

function termsLine(words: Words, { terms, result }: Terms): HTMLElement {
  const number = (one: number): string => signed(localNumber(words, one));
  const shown = terms
    .slice(0, mostTerms)
    .map(({ left, right }) =>
      right === null ? number(left) : `${number(left)} · ${number(right)}`,
    );
  const more = terms.length > mostTerms ? ` + … (${terms.length})` : "";
  return h(
    "p",
    { class: "sum" },
    `${shown.join(" + ")}${more} = `,
    h("strong", {}, localNumber(words, result)),
  );
}

function sumBody(data: Shown, words: Words, index: number): Child[] {
  const contribution = data.trace.backward!.contributions[index]!;
  const target = nameOf(data, targetOf(data, index));
  const { raw, value } = contribution;
  const terms = h("div", { class: "terms", "aria-live": "polite" }, h("p", {}, words.choose));
  const choose = (element: number): void => {
    const found = broadcastTerms(contribution, element);
    replaceChildren(
      terms,
      h("h3", {}, words.element(indexText(value.shape, element))),
      found === null ? h("p", {}, words.noTerms) : termsLine(words, found),
    );
  };
  const canChoose = raw?.data != null && value.data !== null;
  return [
    h("p", {}, words.sumText(shapeText(raw!.shape), shapeText(value.shape))),
    tensorTable(words, words.before, raw),
    tensorTable(words, `∂${target}`, value, canChoose ? choose : null),
    canChoose ? terms : null,
    accumulation(data, words, index),
  ];
}

/** `0.30 + 0.25 → 0.55`. */
function accumulation(data: Shown, words: Words, index: number): Child {
  const { trace } = data;
  const { value, total } = trace.backward!.contributions[index]!;
  const ref = targetOf(data, index);
  const target = nameOf(data, ref);
  if (total === null)
    return section(words.accumulation, h("p", {}, words.firstContribution(target)));
  const before = arrivedBefore(data, ref, index);
  const [a, b, sum] = [singleNumberOf(before), singleNumberOf(value), singleNumberOf(total)];
  if (a !== null && b !== null && sum !== null) {
    const number = (one: number): string => localNumber(words, one);
    const line = `${number(a)} + ${signed(number(b))} → `;
    return section(
      words.accumulation,
      h("p", {}, words.addsTo(target)),
      h("p", { class: "sum" }, line, h("strong", {}, number(sum))),
    );
  }
  return section(
    words.accumulation,
    h("p", {}, words.addsTo(target)),
    tensorTable(words, words.before, before),
    h("p", { class: "plus" }, "+"),
    tensorTable(words, words.contribution, value),
    h("p", { class: "plus" }, "→"),
    tensorTable(words, words.total, total),
  );
}

function arrivedBefore({ trace }: Shown, target: TraceRef, index: number): TraceValue | null {
  const { seeds, contributions } = trace.backward!;
  for (let i = index - 1; i >= 0; i--) {
    const { node, operand, value, total } = contributions[i]!;
    const ref = trace.nodes[node - 1]!.operands[operand]!;
    if (ref.node === target.node && ref.output === target.output) return total ?? value;
  }
  return (
    seeds.find((seed) => seed.target.node === target.node && seed.target.output === target.output)
      ?.value ?? null
  );
}

/** What an edge says when it is pointed at: the tensor, and what its reader's rule gives back. */
export function describeEdge(data: Shown, words: Words, edge: number): Child[] {
  const { trace } = data;
  const { from, to, uses } = data.view.edges[edge]!;
  const title = h("h3", {}, words.edge(titleOfBox(data, from), titleOfBox(data, to)));
  const [first] = uses;
  if (first === undefined || uses.length > 1) return [title, h("p", {}, `×${uses.length}`)];
  const { node: id, operand } = first;
  const node = trace.nodes[id - 1]!;
  const ref = node.operands[operand]!;
  const tensor = trace.nodes[ref.node - 1]!.outputs[ref.output];
  if (tensor === undefined) return [title];
  const name = nameOf(data, ref);
  const index =
    trace.backward?.contributions.findIndex((one) => one.node === id && one.operand === operand) ??
    -1;
  const scalars = scalarsOf(data, words, id, true);
  const derivative = node.derivatives[operand];
  const isScalar = scalars.size > 0 && derivative !== undefined;
  const shapes =
    node.outputs[0] === undefined
      ? ""
      : `∂${nameOf(data, { node: id, output: 0 })} ${shapeText(node.outputs[0].shape)} → ∂${name} ${shapeText(tensor.shape)}`;
  const contribution = index < 0 ? null : trace.backward!.contributions[index]!.value;
  const local = localValue(data, index);
  return [
    title,
    isScalar ? formula(data.math[derivative], scalars) : formula(data.math[ruleOf(node, operand)]),
    isScalar && local !== null
      ? h("p", {}, `${words.localDerivative}: `, h("strong", {}, localNumber(words, local)))
      : h("p", {}, shapes),
    contribution === null ? null : tensorTable(words, words.contribution, contribution),
  ];
}

function localValue({ trace }: Shown, index: number): number | null {
  if (index < 0) return null;
  const { node, raw, value } = trace.backward!.contributions[index]!;
  const cotangent = cotangentOf(trace, node, index);
  const given = (raw ?? value).data;
  if (cotangent?.length !== 1 || given?.length !== 1 || cotangent[0] === 0) return null;
  return fromTraceNumber(given[0]!) / cotangent[0]!;
}
