/**
 * Mistaken gradients as a page of its own, without scripts.
 */
import type { Tensor } from "@chainrule/core";
import type { Language } from "../page/data.ts";
import { drawing } from "../render/drawing.ts";
import { markup } from "../render/escape.ts";
import { layout } from "../render/layout.ts";
import { colorRules, graphRules } from "../render/style.ts";
import { TensorNames } from "../trace/names.ts";
import type { Trace } from "../trace/schema.ts";
import { viewOf } from "../view/view.ts";
import type { MistakenGradient } from "./modes.ts";
import { wrongModes } from "./modes.ts";
import { mistakeWords } from "./words.ts";

/** A gradient in a cell of a table: its first numbers, as the language writes them. */
export function gradientText(x: Tensor, decimalComma: boolean): string {
  const numbers = Array.from(x.toTypedArray(), (value) => {
    const text = String(Number(value.toPrecision(4))).replace("-", "−");
    return decimalComma ? text.replace(".", ",") : text;
  });
  if (x.ndim === 0) return numbers[0]!;
  const shown = numbers.slice(0, 4).join(decimalComma ? "; " : ", ");
  return `[${shown}${numbers.length > 4 ? (decimalComma ? "; …" : ", …") : ""}]`;
}

export function mistakesPage(
  trace: Trace,
  rows: readonly MistakenGradient[],
  language: Language,
): string {
  const words = mistakeWords[language];
  const view = viewOf("mistakenGradients", trace, {});
  const picture = drawing(
    view,
    layout("mistakenGradients", view, new TensorNames(trace), "LR"),
    "",
  );
  const head = [words.leaf, words.right, ...wrongModes.map((mode) => words.names[mode])];
  const body = rows.map((row) => {
    const right = gradientText(row.right, words.decimalComma);
    const wrong = wrongModes.map((mode) => {
      const text = gradientText(row[mode], words.decimalComma);
      const isSame = isEqual(row[mode], row.right);
      return `<td class="${isSame ? "good" : "bad"}">${text} <span role="img" aria-label="${isSame ? words.same : words.differs}">${isSame ? "✓" : "✗"}</span></td>`;
    });
    return `<tr><th scope="row">${markup(row.name)}</th><td>${right}</td>${wrong.join("")}</tr>`;
  });
  const reasons = wrongModes.map(
    (mode) => `<dt>${words.names[mode]}</dt><dd>${words.reasons[mode]}</dd>`,
  );
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<style>${colorRules(":root")}${graphRules}${style}</style>
</head>
<body>
<h1>${words.title}</h1>
<p>${words.intro}</p>
<div class="scroll" tabindex="0" role="group" aria-label="${words.title}"><table>
<thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead>
<tbody>${body.join("\n")}</tbody>
</table></div>
<dl>${reasons.join("\n")}</dl>
<div class="scroll" tabindex="0" role="group" aria-label="${words.intro}">${picture}</div>
</body>
</html>
`;
}

function isEqual(a: Tensor, b: Tensor): boolean {
  const [left, right] = [a.toTypedArray(), b.toTypedArray()];
  return left.every((value, i) => Object.is(value, right[i]) || value === right[i]);
}

const style = `
:root { color-scheme: light dark; font-size: 17px; }
@media (min-width: 1700px) { :root { font-size: 24px; } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem; max-width: 60rem; background: var(--ground); color: var(--ink); }
h1 { font-size: 1.4rem; } .scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: .3rem .7rem; text-align: right; font-variant-numeric: tabular-nums; }
th { text-align: left; } td.bad { color: var(--bad); } td.good { color: var(--good); }
svg { zoom: 1.2; }
@media (min-width: 1700px) { svg { zoom: 1.7; } }
dt { font-weight: 600; } dd { margin: 0 0 .6rem; }
`;
