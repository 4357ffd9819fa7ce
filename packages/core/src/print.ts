/**
 * Tensors as text, after NumPy's and PyTorch's fashion.
 */
import type { DType } from "./dtype.ts";
import { getDefaultDType } from "./dtype.ts";
import { capture } from "./graph/capture.ts";
import { elementCount } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Larger tensors are summarised. */
const summarizeAbove = 1000;
/** How many entries a summary shows at each end of a dimension. */
const edgeItems = 3;
const decimals = 4;
const lineWidth = 80;

/**
 * `tensor([[1, 2], [3, 4]])`: numbers with four decimals at most, aligned; long dimensions cut in the middle. Zeros at the
 * end of the decimals are dropped only where all numbers are shown exactly, so that 0.5 is 0.5 and 0.5000 is rounded.
 */
export function format(x: Tensor): string {
  if (x.batch !== null)
    return `tensor(shape=[${x.shape.join(", ")}], one of ${x.batch.size} samples in vmap)`;
  if (capture?.isDeferred(x) === true)
    return `tensor(shape=[${x.shape.join(", ")}], not computed while a function is compiled)`;
  const prefix = "tensor(";
  const suffix: string[] = [];
  const summarize = x.numel() > summarizeAbove;
  if (x.dtype !== getDefaultDType()) suffix.push(`dtype=${x.dtype}`);
  if (summarize || (x.numel() === 0 && x.ndim !== 1)) suffix.push(`shape=[${x.shape.join(", ")}]`);
  if (x.node !== null) suffix.push(`from=${x.node.op.name}`);
  else if (x.requiresGrad) suffix.push("requiresGrad=true");
  const body = x.numel() === 0 ? "[]" : formatBody(x, prefix.length, summarize);
  return `${prefix}${[body, ...suffix].join(", ")})`;
}

/** The positions along a dimension that are shown; −1 stands for "…". */
function shownPositions(length: number, summarize: boolean): number[] {
  const cut = summarize && length > 2 * edgeItems;
  const ends = Array.from({ length: cut ? 2 * edgeItems : length }, (_, i) => i);
  if (!cut) return ends;
  return ends.flatMap((i) =>
    i < edgeItems ? [i] : [...(i === edgeItems ? [-1] : []), length - 2 * edgeItems + i],
  );
}

function formatBody(x: Tensor, indent: number, summarize: boolean): string {
  const positions = x.shape.map((length) => shownPositions(length, summarize));
  const values = shownValues(x, positions);
  const texts =
    x.dtype === "bool"
      ? values.map((v) => (v === null ? "…" : String(v !== 0)))
      : formatNumbers(values, x.dtype);
  if (x.ndim === 0) return texts[0]!;
  let width = 0;
  let total = 0;
  for (const [i, text] of texts.entries()) {
    total += text.length + 2;
    if (values[i] !== null) width = Math.max(width, text.length);
  }
  // A single line needs no columns.
  if (x.ndim === 1 && indent + total < lineWidth) width = 0;
  // From the innermost dimension outwards, rows are joined into blocks; a block that was cut is one "…".
  let level = texts.map((text, i) => (values[i] === null ? text : text.padStart(width)));
  for (let dim = x.ndim - 1; dim >= 0; dim--) {
    const list = positions[dim]!;
    const last = dim === x.ndim - 1;
    const separator = `,${"\n".repeat(x.ndim - 1 - dim)}${" ".repeat(indent + dim + 1)}`;
    const joined: string[] = [];
    for (let start = 0; start < level.length; start += list.length) {
      const parts = list.map((position, i) => (position < 0 ? "…" : level[start + i]!));
      joined.push(`[${last ? wrap(parts, indent + dim + 1) : parts.join(separator)}]`);
    }
    level = joined;
  }
  return level[0]!;
}

/** The numbers at these positions in row-major order; `null` where a dimension is cut. */
function shownValues(x: Tensor, positions: readonly number[][]): (number | null)[] {
  const count = elementCount(positions.map((list) => list.length));
  const values: (number | null)[] = [];
  for (let i = 0; i < count; i++) {
    let rest = i;
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
  return values;
}

/** Breaks a long row into lines. */
function wrap(parts: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const [i, part] of parts.entries()) {
    const piece = i === parts.length - 1 ? part : `${part}, `;
    if (line !== "" && indent + line.length + piece.trimEnd().length > lineWidth) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += piece;
  }
  lines.push(line);
  return lines.join(`\n${" ".repeat(indent)}`);
}

/** All numbers in one notation: whole, with up to four decimals, or with exponents when they range too far. */
function formatNumbers(values: readonly (number | null)[], dtype: DType): string[] {
  let largest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let whole = true;
  for (const v of values) {
    if (v === null || !Number.isFinite(v)) continue;
    whole &&= Number.isInteger(v);
    largest = Math.max(largest, Math.abs(v));
    if (v !== 0) smallest = Math.min(smallest, Math.abs(v));
  }
  if (dtype === "int32" || (whole && largest < 1e9))
    return values.map((v) => (v === null ? "…" : shown(v, String(v))));
  const scientific =
    largest >= 1e8 || largest < 1e-3 || smallest < 1e-4 || largest / smallest > 1e6;
  const texts = values.map((v) =>
    v === null || !Number.isFinite(v)
      ? ""
      : scientific
        ? v.toExponential(decimals)
        : v.toFixed(decimals),
  );
  const spare = spareZeros(texts, values, dtype);
  return texts.map((text, i) => {
    const v = values[i]!;
    if (v === null) return "…";
    return shown(v, text === "" ? text : withoutZeros(text, spare, scientific));
  });
}

/** The text of a number, or the word for what is none; −0 keeps its sign. */
function shown(v: number, text: string): string {
  if (!Number.isFinite(v)) return String(v);
  return Object.is(v, -0) ? `-${text.replace(/^-/, "")}` : text;
}

/** How many zeros all numbers have at the end of their decimals; none if one of them was rounded. */
function spareZeros(
  texts: readonly string[],
  values: readonly (number | null)[],
  dtype: DType,
): number {
  let spare = decimals;
  for (const [i, text] of texts.entries()) {
    if (text === "") continue;
    const read = dtype === "float32" ? Math.fround(Number(text)) : Number(text);
    if (read !== values[i]) return 0;
    spare = Math.min(spare, /0*(?=$|e)/.exec(text)![0].length);
  }
  return spare;
}

/** 0.5000 with three zeros to spare is 0.5, and 2.0000 is 2.0; 2.0000e-5 is 2e-5. */
function withoutZeros(text: string, spare: number, scientific: boolean): string {
  const end = scientific ? text.indexOf("e") : text.length;
  const dropped = spare < decimals ? spare : scientific ? decimals + 1 : decimals - 1;
  return text.slice(0, end - dropped) + text.slice(end);
}
