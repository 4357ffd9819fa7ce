/**
 * One chart of the gradients of all layers: for each parameter the distribution of |gradient| at one step, on a
 * logarithmic scale, and the RMS of the steps before as a trail.
 */
import type { Language } from "../page/data.ts";
import { markup } from "../render/escape.ts";
import { colorRules } from "../render/style.ts";
import { binCount, highest, lowest } from "./statistics.ts";
import type { ParameterRecord, WatchRecord } from "./watch.ts";

/** What the chart says, by language. A missing entry is a type error. */
interface ChartWords {
  readonly title: string;
  readonly axis: string;
  readonly step: string;
  readonly zero: string;
  readonly notFinite: string;
  readonly ratio: string;
  readonly dead: string;
  readonly none: string;
  readonly travel: string;
  readonly parameter: string;
  readonly decimal: "." | ",";
}

const words: Readonly<Record<Language, ChartWords>> = {
  en: {
    title: "Gradient flow",
    axis: "|gradient|",
    step: "step",
    zero: "zeros",
    notFinite: "NaN, ∞",
    ratio: "step / weight",
    dead: "dead ReLU units",
    none: "no gradient",
    travel: "Choose a step (arrow keys)",
    parameter: "parameter",
    decimal: ".",
  },
  es: {
    title: "Flujo del gradiente",
    axis: "|gradiente|",
    step: "paso",
    zero: "ceros",
    notFinite: "NaN, ∞",
    ratio: "paso / peso",
    dead: "unidades ReLU muertas",
    none: "sin gradiente",
    travel: "Elige un paso (teclas de flecha)",
    parameter: "parámetro",
    decimal: ",",
  },
};

const column = 74;
const left = 64;
const top = 40;
const plot = 260;
const bottom = 96;
/** Earlier steps in the trail; more would hide one another. */
const longestTrail = 12;
/** Steps to travel through; of a longer run, so many at even distances. */
const mostFrames = 60;

/** The chart of one step, as a standalone SVG. */
export function flowChart(
  records: readonly WatchRecord[],
  record: WatchRecord,
  language: Language,
): string {
  const say = words[language];
  const { parameters } = record;
  const [least, most] = rangeOf(records);
  const y = (exponent: number): number => top + ((most - exponent) / (most - least)) * plot;
  const x = (i: number): number => left + column * (i + 0.5);
  const width = left + column * parameters.length + 16;
  const height = top + plot + bottom;
  const parts: string[] = [];
  for (let exponent = least; exponent <= most; exponent += most - least > 10 ? 2 : 1) {
    parts.push(
      `<line class="grid" x1="${left}" x2="${width - 16}" y1="${fixed(y(exponent))}" y2="${fixed(y(exponent))}"/>`,
      `<text class="tick" x="${left - 8}" y="${fixed(y(exponent) + 4)}" text-anchor="end">10<tspan dy="-5" font-size="9">${String(exponent).replace("-", "−")}</tspan></text>`,
    );
  }
  for (const [i, parameter] of parameters.entries())
    parts.push(...columnOf(parameter, x(i), y, say, plot));
  const earlier = records.filter(({ step }) => step < record.step).slice(-longestTrail);
  for (const [k, one] of earlier.entries())
    parts.push(trail(one, x, y, "trail", (0.1 + (0.5 * (k + 1)) / earlier.length).toFixed(2)));
  parts.push(trail(record, x, y, "now", "1"));
  const dead = Object.entries(record.deadUnits).map(
    ([path, share]) => `${path}: ${percent(share, say)}`,
  );
  const caption = `${say.title}, ${say.step} ${record.step}`;
  return `<svg class="flow" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="xMinYMin" role="img" aria-label="${markup(caption)}">
<style>${chartStyle}</style>
<rect class="paper" width="100%" height="100%"/>
<text class="title" x="16" y="22">${markup(caption)}</text>
<text class="tick" x="16" y="${top + plot / 2}" transform="rotate(-90 16 ${top + plot / 2})" text-anchor="middle">${say.axis}</text>
${parts.join("\n")}
${dead.length === 0 ? "" : `<text class="note" x="${left}" y="${height - 8}">${markup(`${say.dead}: ${dead.join(", ")}`)}</text>`}
</svg>
`;
}

/** The distribution of one gradient, its name, and what is out of the ordinary. */
function columnOf(
  { name, gradient, updateRatio }: ParameterRecord,
  x: number,
  y: (exponent: number) => number,
  say: ChartWords,
  depth: number,
): string[] {
  const base = top + depth;
  const notes = [
    gradient === null ? say.none : "",
    gradient !== null && gradient.zero > 0 ? `${say.zero} ${percent(gradient.zero, say)}` : "",
    Number.isFinite(updateRatio) ? `Δ ${scientific(updateRatio, say)}` : "",
  ].filter((note) => note !== "");
  const parts = [
    `<text class="name" x="${fixed(x)}" y="${base + 18}" text-anchor="middle">${markup(shortened(name))}<title>${markup(name)}</title></text>`,
    ...notes.map(
      (note, i) =>
        `<text class="note" x="${fixed(x)}" y="${base + 34 + 14 * i}" text-anchor="middle">${markup(note)}</text>`,
    ),
  ];
  if (gradient === null) return parts;
  if (gradient.notFinite > 0) {
    parts.push(
      `<text class="bad" x="${fixed(x)}" y="${top - 4}" text-anchor="middle">▲ ${say.notFinite} ${percent(gradient.notFinite, say)}</text>`,
    );
  }
  const tallest = Math.max(...gradient.histogram, 1);
  for (const [bin, count] of gradient.histogram.entries()) {
    if (count === 0) continue;
    const from = lowest + (bin * (highest - lowest)) / binCount;
    const to = from + (highest - lowest) / binCount;
    const half = Math.max(1, (count / tallest) * column * 0.38);
    const [upper, lower] = [Math.max(y(to), top), Math.min(y(from), base)];
    if (lower <= upper) continue;
    parts.push(
      `<rect class="bin" x="${fixed(x - half)}" width="${fixed(2 * half)}" y="${fixed(upper)}" height="${fixed(Math.max(lower - upper - 0.5, 0.5))}"/>`,
    );
  }
  return parts;
}

/** The RMS of all gradients of one step, joined. */
function trail(
  record: WatchRecord,
  x: (i: number) => number,
  y: (exponent: number) => number,
  kind: string,
  opacity: string,
): string {
  const points = record.parameters.flatMap(({ gradient }, i) =>
    gradient === null || gradient.rms === 0
      ? []
      : [
          `${fixed(x(i))},${fixed(Math.min(Math.max(y(Math.log10(gradient.rms)), top), top + plot))}`,
        ],
  );
  const dots =
    kind === "now"
      ? points
          .map((point) => point.split(","))
          .map(([cx, cy]) => `<circle class="dot" cx="${cx}" cy="${cy}" r="3.5"/>`)
          .join("")
      : "";
  return `<polyline class="${kind}" opacity="${opacity}" points="${points.join(" ")}"/>${dots}`;
}

/** The decades that the gradients of all steps need. */
function rangeOf(records: readonly WatchRecord[]): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { parameters } of records) {
    for (const { gradient } of parameters) {
      if (gradient === null || gradient.rms === 0) continue;
      const exponent = Math.log10(gradient.rms);
      least = Math.min(least, exponent);
      most = Math.max(most, exponent);
    }
  }
  if (least > most) return [-4, 0];
  return [Math.max(Math.floor(least) - 2, lowest), Math.min(Math.ceil(most) + 1, highest)];
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function percent(share: number, { decimal }: ChartWords): string {
  return `${String(Number((100 * share).toPrecision(2))).replace(".", decimal)} %`;
}

function scientific(value: number, { decimal }: ChartWords): string {
  return value.toExponential(1).replace(".", decimal).replace("-", "−").replace("+", "");
}

function shortened(name: string): string {
  return [...name].length <= 12 ? name : `…${[...name].slice(-11).join("")}`;
}

const chartStyle = `${colorRules(".flow")}
.flow text { font: 12px system-ui, sans-serif; fill: var(--ink); } .flow .paper { fill: var(--ground); }
.flow .title { font-size: 15px; font-weight: 600; } .flow .tick, .flow .note { font-size: 10.5px; fill: var(--soft); }
.flow .grid { stroke: var(--line); opacity: .35; } .flow .bin { fill: var(--accent); opacity: .4; }
.flow .trail { fill: none; stroke: var(--line); } .flow .dot { fill: var(--plus); }
.flow .now { fill: none; stroke: var(--plus); stroke-width: 2; }
.flow .bad { font-size: 10px; fill: var(--bad); font-weight: 600; }
`;

/** All steps in one file without scripts: radio buttons show one chart each, so the arrow keys travel. */
export function flowPage(records: readonly WatchRecord[], language: Language): string {
  const say = words[language];
  const stride = Math.max(1, Math.ceil(records.length / mostFrames));
  const frames = records.filter((_, i) => (records.length - 1 - i) % stride === 0);
  const rules = frames
    .map((_, i) => `#s${i}:checked ~ .frames > #f${i} { display: block; }`)
    .join("\n");
  const inputs = frames
    .map(
      ({ step }, i) =>
        `<input type="radio" name="step" id="s${i}"${i === frames.length - 1 ? " checked" : ""} aria-label="${say.step} ${step}">`,
    )
    .join("");
  const charts = frames
    .map(
      (record, i) =>
        `<figure id="f${i}">${flowChart(records, record, language)}${tableOf(record, say)}</figure>`,
    )
    .join("\n");
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${say.title}</title>
<style>
${colorRules(":root")}
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1.5rem; max-width: 90rem; background: var(--ground); color: var(--ink); }
@media (min-width: 1700px) { body { font-size: 20px; } input { width: 1.2rem; height: 1.2rem; } }
fieldset { border: 0; padding: 0; margin: 0; min-width: 0; } input { margin: 0 1px; }
figure { display: none; margin: 1rem 0; overflow-x: auto; }
figure > svg { display: block; width: 100%; height: auto; max-height: 62vh; min-height: 20rem; min-width: 24rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: right; font-variant-numeric: tabular-nums; }
th:first-child { text-align: left; }
${rules}
</style>
</head>
<body>
<h1>${say.title}</h1>
<fieldset><legend>${say.travel}</legend>
${inputs}
<div class="frames">
${charts}
</div>
</fieldset>
</body>
</html>
`;
}

/** The numbers of a step, for those who cannot see the chart. */
function tableOf({ parameters }: WatchRecord, say: ChartWords): string {
  const rows = parameters.map(({ name, gradient, updateRatio }) => {
    const cells =
      gradient === null
        ? [say.none, "", ""]
        : [
            scientific(gradient.rms, say),
            percent(gradient.zero, say),
            percent(gradient.notFinite, say),
          ];
    const ratio = Number.isFinite(updateRatio) ? scientific(updateRatio, say) : "∞";
    return `<tr><th scope="row">${markup(name)}</th>${[...cells, ratio].map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  const head = [say.parameter, `RMS ${say.axis}`, say.zero, say.notFinite, say.ratio];
  return `<table><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}
