/**
 * A trace as a page of its own.
 */
import { ArgumentError, checkOptions, quoted } from "@chainrule/core";
import type { GradientCheck } from "../check/compare.ts";
import {
  pageBootHash,
  pageEngine,
  pageEngineHash,
  pageScript,
  pageStyle,
  pageStyleHash,
} from "../page/bundle.generated.ts";
import type { Language, PageCheck, PageData } from "../page/data.ts";
import { words as allWords } from "../page/words.ts";
import { TensorNames } from "../trace/names.ts";
import { checkedTrace } from "../trace/read.ts";
import type { Trace, TraceNode } from "../trace/schema.ts";
import { ruleOf } from "../view/rules.ts";
import type { View } from "../view/view.ts";
import { viewOf, viewOptionNames } from "../view/view.ts";
import { boxTitle, numberText, siteText } from "../view/words.ts";
import { markup } from "./escape.ts";
import { layout } from "./layout.ts";
import { mathML } from "./mathml.ts";
import type { SVGOptions } from "./svg.ts";
import { checkDirection, drawing } from "./svg.ts";

/** Options of {@link toHTML}. */
export interface HTMLOptions extends SVGOptions {
  /** The language of the page, `"en"` or `"es"`; English unless given. */
  language?: Language;
  /** Gradients beside finite differences, as `compareGradients` gives them. */
  check?: GradientCheck;
  /** Whether leaves can be edited, which takes 110 KB; true unless given. */
  editable?: boolean;
}

/** Of a larger trace the page holds only what it shows. */
const mostNodes = 3000;

/**
 * A trace as one HTML file: open it from disk, send it around, project it. It loads nothing, its security policy lets
 * nothing be loaded, and nothing of the trace is ever markup.
 *
 * It goes through forward, seed, every contribution of the chain rule (with broadcast sums as steps of their own) and
 * update, by buttons, slider or keys; the address holds the step. Each step shows the rule, the shapes, the numbers and
 * the accumulation. Elements of contributions can be chosen to see the sum behind them. A leaf can be changed: all is
 * computed anew by the engine in the page, to the same bits as here.
 *
 * @throws {ArgumentError} for an unknown option or language, anything that is no trace, or more boxes than can be drawn.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, toHTML } from "@chainrule/inspect";
 * const x = tensor(3, { requiresGrad: true, name: "x" });
 * toHTML(capture(x.mul(x)), { language: "es" }); // → <!doctype html>…</html>
 */
export function toHTML(trace: Trace, options: HTMLOptions = {}): string {
  checkOptions("toHTML", options, [
    ...viewOptionNames,
    "direction",
    "language",
    "check",
    "editable",
  ]);
  const language = checkLanguage("toHTML", options.language);
  const editable = options.editable ?? true;
  if (typeof editable !== "boolean")
    throw new ArgumentError(`toHTML: editable must be true or false, not ${quoted(editable)}.`);
  const view = viewOf("toHTML", checkedTrace(trace), options);
  const placed = layout("toHTML", view, checkDirection("toHTML", options.direction));
  const data = pageData(view, language, options.check);
  const words = allWords[language];
  const picture = drawing(view, placed, "").replace('role="img"', 'role="group"');
  const title = trace.title === "" ? words.graph : markup(trace.title);
  const button = (id: string, sign: string, label: string): string =>
    `<button type="button" id="${id}" aria-label="${label}">${sign}</button>`;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${pageBootHash}'${editable ? ` '${pageEngineHash}'` : ""}; style-src '${pageStyleHash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<header><a class="skip" href="#panel">${words.skip}</a><h1>${title}</h1><p id="count"></p></header>
<main>
<div class="picture" tabindex="0" role="region" aria-label="${words.graph}">
${picture}
</div>
<aside>
<div id="panel" tabindex="-1"></div>
<div id="hint"></div>
${checkTable(data, language)}
<div id="edit"></div>
</aside>
</main>
<footer>${button("first", "«", words.first)}${button("back", "‹", words.back)}${button("play", "▶", words.play)}${button("next", "›", words.forward)}${button("last", "»", words.last)}<input type="range" id="slider" min="0" max="0" value="0" aria-label="${words.slider}"></footer>
<div id="live" role="status" aria-live="polite"></div>
<script type="application/json" id="data">${json(data)}</script>
<script type="text/plain" id="engine">${editable ? pageEngine : ""}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

export function checkLanguage(where: string, language: unknown): Language {
  if (language === undefined || language === "en") return "en";
  if (language === "es") return "es";
  throw new ArgumentError(`${where}: language must be "en" or "es", not ${quoted(language)}.`, {
    language,
  });
}

/** JSON within a script element: nothing in it may end the element. */
export function json(data: unknown): string {
  return JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function pageData(view: View, language: Language, check: GradientCheck | undefined): PageData {
  const { boxes, boxOf, edges } = view;
  const trace = view.trace.nodes.length > mostNodes ? thinned(view) : withoutFolders(view.trace);
  const names = new TensorNames(view.trace);
  const shown = boxes.flatMap(({ node }) => (node === null ? [] : [node]));
  return {
    language,
    trace,
    boxes: boxes.map((box) => ({ node: box.node?.id ?? null, title: boxTitle(box, names) })),
    boxOf,
    edges: edges.map(({ from, to, uses }) => ({
      from,
      to,
      uses: uses.slice(0, 50).map(({ node, operand }) => [node, operand]),
    })),
    names: view.trace.nodes.map(({ id, outputs }) =>
      outputs.map((_, output) => names.of({ node: id, output })),
    ),
    math: formulasOf(shown),
    checks: check === undefined ? [] : checksOf(view, check),
  };
}

/** A page is shown to others: they need not know where the program lies. */
function withoutFolders(trace: Trace): Trace {
  return {
    ...trace,
    nodes: trace.nodes.map((node) => ({
      ...node,
      site: node.site === null ? null : siteText(node.site),
    })),
  };
}

/** Without the numbers of what is in closed scopes. */
function thinned({ trace, boxes, boxOf }: View): Trace {
  const isShown = (id: number): boolean => boxes[boxOf[id - 1]!]!.node !== null;
  return {
    ...withoutFolders(trace),
    nodes: withoutFolders(trace).nodes.map((node) =>
      isShown(node.id)
        ? node
        : {
            ...node,
            formula: null,
            derivatives: [],
            options: {},
            saved: [],
            outputs: node.outputs.map((tensor) => ({ ...tensor, value: null, grad: null })),
          },
    ),
    backward:
      trace.backward === null
        ? null
        : {
            seeds: trace.backward.seeds,
            contributions: trace.backward.contributions.filter(({ node }) => isShown(node)),
          },
  };
}

function formulasOf(nodes: readonly TraceNode[]): Record<string, string> {
  const math = new Map<string, string>();
  const add = (tex: string | null | undefined): void => {
    if (tex != null && tex !== "" && !math.has(tex)) math.set(tex, mathML(tex));
  };
  for (const node of nodes) {
    if (node.kind === "leaf") continue;
    add(node.formula);
    for (const operand of node.operands.keys()) {
      add(node.derivatives[operand]);
      add(ruleOf(node, operand));
    }
  }
  return Object.fromEntries(math);
}

/** How many rows of a comparison are shown: all that differ, and as many others as there is room for. */
const mostRows = 60;

function checksOf(view: View, { rows }: GradientCheck): PageCheck[] {
  const names = new TensorNames(view.trace);
  const important = rows.filter(({ verdict }) => verdict !== "ok");
  const rest = rows.filter(({ verdict }) => verdict === "ok");
  return [...important, ...rest].slice(0, mostRows).map((row) => {
    const at = row.node ?? row.target.node;
    const op = row.node === null ? "" : ` ← ${view.trace.nodes[row.node - 1]!.op}`;
    return {
      tensor: `${names.of(row.target)}${op}`,
      where: row.node === null ? "leaf" : "edge",
      index: `[${row.index.join(", ")}]`,
      analytic: numberText(row.analytic, 6),
      numeric: numberText(row.numeric, 6),
      error: numberText(row.relativeError, 2),
      verdict: row.verdict,
      box: view.boxOf[at - 1]!,
    };
  });
}

function checkTable({ checks }: PageData, language: Language): string {
  if (checks.length === 0) return "";
  const words = allWords[language];
  const comma = (text: string): string =>
    markup(words.decimalComma ? text.replace(".", ",") : text);
  const { tensor, index, analytic, numeric, error, verdict } = words.checkNames;
  const heads = [tensor, index, analytic, numeric, error, verdict].map(
    (name) => `<th scope="col">${name}</th>`,
  );
  const first = checks.findIndex((row) => row.verdict === "wrong");
  const rows = checks.map(
    (row, i) =>
      `<tr${i === first ? ' class="first-wrong"' : ""}><td>${markup(row.tensor)}</td><td>${row.index}</td><td>${comma(row.analytic)}</td><td>${comma(row.numeric)}</td><td>${comma(row.error)}</td><td class="verdict-${row.verdict}">${words.verdicts[row.verdict]}</td></tr>`,
  );
  return `<section id="checks"><h2>${words.checks}</h2><div class="scroll" tabindex="0" role="group" aria-label="${words.checks}"><table><thead><tr>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`;
}
