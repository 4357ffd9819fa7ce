/**
 * Tensors as text, after NumPy's and PyTorch's fashion.
 */
import { getDefaultDType } from "./dtype.ts";
import { elementCount } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Larger tensors are summarised. */
const summarizeAbove = 1000;
/** How many entries a summary shows at each end of a dimension. */
const edgeItems = 3;
const significantDigits = 4;

/** `tensor([[1, 2], [3, 4]])`: numbers with four decimals at most, aligned; long dimensions cut in the middle. */
export function format(x: Tensor): string {
  if (x.batch !== null)
    return `tensor(shape=[${x.shape.join(", ")}], one of ${x.batch.size} samples in vmap)`;
  const prefix = "tensor(";
  const suffix: string[] = [];
  if (x.dtype !== getDefaultDType()) suffix.push(`dtype=${x.dtype}`);
  if (x.numel() === 0 && x.ndim !== 1) suffix.push(`shape=[${x.shape.join(", ")}]`);
  if (x.node !== null) suffix.push(`from=${x.node.op.name}`);
  else if (x.requiresGrad) suffix.push("requiresGrad=true");
  const body = x.numel() === 0 ? "[]" : formatBody(x, prefix.length);
  return `${prefix}${[body, ...suffix].join(", ")})`;
}

/** The positions along a dimension that are shown; −1 stands for "…". */
function shownPositions(length: number, summarize: boolean): number[] {
  const all = Array.from({ length }, (_, i) => i);
  if (!summarize || length <= 2 * edgeItems) return all;
  return [...all.slice(0, edgeItems), -1, ...all.slice(length - edgeItems)];
}

function formatBody(x: Tensor, indent: number): string {
  const summarize = x.numel() > summarizeAbove;
  const positions = x.shape.map((length) => shownPositions(length, summarize));
  const rows = elementCount(positions.map((p) => p.length));
  const values: (number | null)[] = [];
  for (let row = 0; row < rows; row++) {
    let rest = row;
    let place = x.offset;
    let cut = false;
    for (let dim = x.ndim - 1; dim >= 0; dim--) {
      const list = positions[dim]!;
      const position = list[rest % list.length]!;
      rest = Math.floor(rest / list.length);
      if (position < 0) cut = true;
      else place += position * x.strides[dim]!;
    }
    values.push(cut ? null : x.storage.data[place]!);
  }
  const texts =
    x.dtype === "bool"
      ? values.map((v) => (v === null ? "…" : String(v !== 0)))
      : formatNumbers(values);
  if (x.ndim === 0) return texts[0]!;
  const width = Math.max(...texts.filter((_, i) => values[i] !== null).map((text) => text.length));
  // From the innermost dimension outwards, rows are joined into blocks; a block that was cut is one "…".
  let level = texts.map((text) =>
    text === "…" ? text : text.padStart(x.ndim === 1 && !summarize ? 0 : width),
  );
  for (let dim = x.ndim - 1; dim >= 0; dim--) {
    const list = positions[dim]!;
    const joined: string[] = [];
    const separator =
      dim === x.ndim - 1
        ? ", "
        : `,${"\n".repeat(x.ndim - 1 - dim)}${" ".repeat(indent + dim + 1)}`;
    for (let start = 0; start < level.length; start += list.length) {
      const parts = level
        .slice(start, start + list.length)
        .map((text, i) => (list[i]! < 0 ? "…" : text));
      joined.push(
        `[${dim === x.ndim - 1 ? wrap(parts, indent + dim + 1) : parts.join(separator)}]`,
      );
    }
    level = joined;
  }
  return level[0]!;
}

/** Breaks a long row into lines of about 80 characters. */
function wrap(parts: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const [i, part] of parts.entries()) {
    const piece = i === parts.length - 1 ? part : `${part}, `;
    if (line !== "" && indent + line.length + piece.trimEnd().length > 80) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += piece;
  }
  lines.push(line);
  return lines.join(`\n${" ".repeat(indent)}`);
}

/** All numbers in one notation: whole, with up to four decimals, or with exponents when they range too far. */
function formatNumbers(values: readonly (number | null)[]): string[] {
  const finite = values.filter((v): v is number => v !== null && Number.isFinite(v));
  const magnitudes = finite.filter((v) => v !== 0).map(Math.abs);
  const largest = magnitudes.reduce((a, b) => Math.max(a, b), 0);
  const smallest = magnitudes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const whole = finite.every(Number.isInteger) && largest < 1e9;
  const scientific = !whole && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e6);
  const show = (v: number): string => {
    if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
    const text = whole
      ? String(v)
      : scientific
        ? v.toExponential(significantDigits)
        : v.toFixed(significantDigits);
    return Object.is(v, -0) ? `-${text.replace(/^-/, "")}` : text;
  };
  const texts = values.map((v) => (v === null ? "…" : show(v)));
  return whole || scientific ? texts : trimDecimals(texts, values);
}

/** Drops the trailing zeros that all numbers share: 0.5000, 0.2500 become 0.50, 0.25. */
function trimDecimals(texts: readonly string[], values: readonly (number | null)[]): string[] {
  let spare = significantDigits - 1;
  for (const [i, text] of texts.entries()) {
    if (values[i] === null || !Number.isFinite(values[i])) continue;
    spare = Math.min(spare, /0*$/.exec(text)![0].length);
  }
  return texts.map((text, i) =>
    spare === 0 || values[i] === null || !Number.isFinite(values[i])
      ? text
      : text.slice(0, text.length - spare),
  );
}
