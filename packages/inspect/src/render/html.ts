/**
 * A trace as a page of its own.
 */
import { ArgumentError, checkOptions, quoted } from "@chainrule/core";
import type { GradientCheck } from "../check/compare.ts";
import {
  pageBoot,
  pageBootHash,
  pageEngine,
  pageEngineHash,
  pageScript,
  pageScriptHash,
  pageStyle,
  pageStyleHash,
} from "../page/bundle.generated.ts";
import type { Language, PageCheck, PageData } from "../page/data.ts";
import { namesOf } from "../page/names.ts";
import { flatScopes } from "../page/scopes.ts";
import { words as allWords } from "../page/words.ts";
import { TensorNames } from "../trace/names.ts";
import { learningRate } from "../trace/rate.ts";
import { checkedTrace } from "../trace/read.ts";
import type { Trace } from "../trace/schema.ts";
import type { Abridged } from "../view/abridged.ts";
import { abridged } from "../view/abridged.ts";
import { descentRule, ruleOf } from "../view/rules.ts";
import { groupsOf, groupTree } from "../view/scopes.ts";
import type { View } from "../view/view.ts";
import { openScopes, viewFrom, viewOptionNames } from "../view/view.ts";
import { numberText } from "../view/words.ts";
import { drawing } from "./drawing.ts";
import { markup } from "./escape.ts";
import { layout } from "./layout.ts";
import { mathML } from "./mathml.ts";
import type { SVGOptions } from "./svg.ts";
import { checkDirection } from "./svg.ts";

/** Options of {@link toHTML}. */
export interface HTMLOptions extends SVGOptions {
  /** The language of the page, `"en"` or `"es"`; English unless given. */
  language?: Language;
  /** Gradients beside finite differences, as `compareGradients` gives them. */
  check?: GradientCheck;
  /** Whether leaves can be edited, which takes 90 KB; true unless given. */
  editable?: boolean;
}

/**
 * A trace as one HTML file: open it from disk, send it around, project it. It loads nothing, its security policy lets
 * nothing be loaded, and nothing of the trace is ever markup.
 *
 * It goes through forward, seed, every contribution of the chain rule (with broadcast sums as steps of their own) and
 * update, by buttons, slider or keys; the address holds the step. Each step shows the rule, the shapes, the numbers and
 * the accumulation. Elements of contributions can be chosen to see the sum behind them. Closed scopes can be opened, as
 * far as they are kept: the page has up to 1,500 nodes and 200,000 numbers of them. A leaf can be changed: all is computed
 * anew by the engine in the page, to the bits that a new capture would give on the same JavaScript engine.
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
  const direction = checkDirection("toHTML", options.direction);
  const { root } = groupTree(checkedTrace(trace));
  const part = abridged(trace, root, openScopes("toHTML", root, options));
  const view = viewFrom(part.trace, part.root, part.open);
  const data = pageData(part, view, { language, direction, check: options.check });
  const placed = layout("toHTML", view, namesOf(data), direction);
  const words = allWords[language];
  const title = trace.title === "" ? words.graph : markup(trace.title);
  const button = (id: string, sign: string, label: string): string =>
    `<button type="button" id="${id}" aria-label="${label}">${sign}</button>`;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${pageBootHash}' '${pageScriptHash}'${editable ? ` '${pageEngineHash}'` : ""}; style-src '${pageStyleHash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body data-old="${words.oldBrowser}">
<header><a class="skip" href="#panel">${words.skip}</a><h1>${title}</h1><p id="count"></p></header>
<main>
<div class="picture" tabindex="0" role="region" aria-label="${words.graph}">
${drawing(view, placed, "", "group")}
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
<script type="text/plain" id="script">${pageScript}</script>
<script type="text/plain" id="engine">${editable ? pageEngine : ""}</script>
<script>${pageBoot}</script>
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

function pageData(
  part: Abridged,
  _view: View,
  {
    language,
    direction,
    check,
  }: Pick<PageData, "language" | "direction"> & { check: GradientCheck | undefined },
): PageData {
  const groups = groupsOf(part.root);
  return {
    language,
    direction,
    trace: part.trace,
    scopes: flatScopes(groups),
    open: groups.flatMap((group, place) => (part.open.has(group) ? [place] : [])),
    sealed: part.sealed,
    merged: part.merged,
    rate: learningRate(part.trace),
    names: part.names,
    math: formulasOf(part.trace),
    checks: check === undefined ? [] : checksOf(check),
  };
}

function formulasOf({ nodes, update }: Trace): Record<string, string> {
  const math = new Map<string, string>();
  const add = (tex: string | null | undefined): void => {
    if (tex != null && tex !== "" && !math.has(tex)) math.set(tex, mathML(tex));
  };
  if (update !== null) add(descentRule);
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

function checksOf({ trace, rows }: GradientCheck): PageCheck[] {
  const names = new TensorNames(trace);
  const important = rows.filter(({ verdict }) => verdict !== "ok");
  const rest = rows.filter(({ verdict }) => verdict === "ok");
  return [...important, ...rest].slice(0, mostRows).map((row) => {
    const op = row.node === null ? "" : ` ← ${trace.nodes[row.node - 1]!.op}`;
    return {
      tensor: `${names.of(row.target)}${op}`,
      where: row.node === null ? "leaf" : "edge",
      index: `[${row.index.join(", ")}]`,
      analytic: numberText(row.analytic, 6),
      numeric: numberText(row.numeric, 6),
      error: numberText(row.relativeError, 2),
      verdict: row.verdict,
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
