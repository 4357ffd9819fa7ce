/**
 * Tables from text with separated values.
 *
 * Papa Parse takes the text apart (quotes, separators, line ends); what is here knows types and says where something is
 * wrong.
 */
import type { DType } from "@chainrule/core";
import {
  ArgumentError,
  ChainruleError,
  checkOptions,
  fromTypedArray,
  getDefaultDType,
  quoted,
  type Tensor,
  tensor,
} from "@chainrule/core";
import { readFile } from "@chainrule/formats/node";
import Papa from "papaparse";
import { LabelEncoder } from "./labels.ts";

/** Text that is no table of the kind that was asked for; `details` has line and column. */
export class CsvError extends ChainruleError {}

/** What a column holds: any numbers, whole numbers, text, or true and false. */
export type ColumnType = "number" | "integer" | "string" | "boolean";

/** Options of {@link readCsv}. */
export interface CsvOptions {
  /** Whether the first line has the names of the columns; true unless given. Else they are called "0", "1", …. */
  header?: boolean;
  /** The separator; found out unless given. */
  delimiter?: string;
  /** Types by column. Others are found out: numbers where all entries are, else text. */
  types?: Readonly<Record<string, ColumnType>>;
  /** What stands for a missing entry; "", "NA", "NaN", "nan", "null" and "?" unless given. */
  missing?: readonly string[];
  /** What is done about missing entries: an error, NaN (numbers only), or their line is left out. */
  onMissing?: "error" | "nan" | "skip";
  /** Lines that begin so are left out. */
  comment?: string;
}

/** A column as it was read. */
type Column =
  | { readonly type: "number" | "integer"; readonly values: Float64Array }
  | { readonly type: "boolean"; readonly values: readonly boolean[] }
  | { readonly type: "string"; readonly values: readonly string[] };

/** So many columns are shown. */
const mostShown = 20;

/** Columns with names and types; what {@link readCsv} gives. */
export class Table {
  /** The names of the columns, from left to right. */
  readonly columns: readonly string[];
  /** The number of rows. */
  readonly length: number;
  private readonly content: ReadonlyMap<string, Column>;

  constructor(content: ReadonlyMap<string, Column>, length: number) {
    this.columns = [...content.keys()];
    this.length = length;
    this.content = content;
  }

  /** The first rows, a column a line: what the table is of, at a glance. */
  toString(): string {
    const width = Math.min(
      24,
      this.columns.reduce((most, name) => Math.max(most, name.length), 0),
    );
    const lines = this.columns.slice(0, mostShown).map((name) => {
      const { type, values } = this.find("toString", name);
      const first = [...values.slice(0, 5)].map((value) => String(value).slice(0, 16));
      const more = this.length > first.length ? ", …" : "";
      return `  ${name.slice(0, 24).padEnd(width)}  ${type.padEnd(7)}  ${first.join(", ")}${more}`;
    });
    const rest = this.columns.length - lines.length;
    if (rest > 0) lines.push(`  … and ${rest} more`);
    return [`Table, ${this.length} rows × ${this.columns.length} columns`, ...lines].join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** The type of a column. */
  typeOf(name: string): ColumnType {
    return this.find("typeOf", name).type;
  }

  /** The entries of a column. */
  column(name: string): (number | string | boolean)[] {
    return [...this.find("column", name).values];
  }

  /**
   * Columns of numbers (true counts as 1) side by side: shape [rows, columns]; with a single name, shape [rows]. All
   * columns unless named; the type is the default one unless given.
   *
   * @throws {ArgumentError} for a column of text, or one that is not there.
   */
  tensor(names: string | readonly string[] = this.columns, options?: { dtype?: DType }): Tensor {
    checkOptions("Table.tensor", options, ["dtype"]);
    const list = typeof names === "string" ? [names] : names;
    const columns = list.map((name) => {
      const column = this.find("tensor", name);
      if (column.type === "string") {
        throw new ArgumentError(
          `Table.tensor: column ${quoted(name)} holds text. Number its classes with labels(${quoted(name)}), or leave it out with except(${quoted(name)}).`,
          { column: name },
        );
      }
      return column.values;
    });
    const data = new Float64Array(this.length * columns.length);
    for (const [j, values] of columns.entries()) {
      for (let i = 0; i < this.length; i++) data[i * columns.length + j] = Number(values[i]);
    }
    const shape = typeof names === "string" ? [this.length] : [this.length, columns.length];
    // Checked on the way, as tensor() does: 2.5 does not become an int32.
    const dtype = options?.dtype ?? getDefaultDType();
    return dtype === "float64"
      ? fromTypedArray(data, shape)
      : tensor(data, { dtype }).reshape(shape);
  }

  /** The names of all columns but these. */
  except(...names: readonly string[]): string[] {
    for (const name of names) this.find("except", name);
    return this.columns.filter((name) => !names.includes(name));
  }

  /** The classes in a column, and their numbers as int32. */
  labels(name: string): { encoder: LabelEncoder; values: Tensor } {
    const list = this.column(name);
    const encoder = new LabelEncoder(list);
    return { encoder, values: encoder.encode(list) };
  }

  private find(method: string, name: string): Column {
    const column = this.content.get(name);
    if (column === undefined) {
      throw new ArgumentError(
        `Table.${method}: there is no column ${quoted(name)}. There are: ${this.columns.join(", ")}.`,
        { column: name },
      );
    }
    return column;
  }
}

const defaultMissing = ["", "NA", "NaN", "nan", "null", "?"];

/**
 * Reads a table with types from text such as the content of a CSV file (RFC 4180; quotes may hold separators and line
 * ends).
 *
 * @throws {CsvError} for lines with more or fewer entries than columns, entries that are not of their column's type,
 * missing entries, quotes that never end: each with line and column.
 * @throws {ArgumentError} for unknown options, and types of columns that are not there.
 * @example
 * import { readCsv } from "@chainrule/train";
 * const table = readCsv("height,species\n1.5,fern\n12,oak\n");
 * table.columns; // → [ 'height', 'species' ]
 * table.tensor("height"); // → tensor([ 1.5, 12.0])
 * table.labels("species").values; // → tensor([0, 1], dtype=int32)
 * readCsv("a,b\n1,x\n", { types: { b: "number" } });
 * // → throws CsvError: readCsv: line 2, column 2 ("b"): "x" is not a number.
 */
export function readCsv(text: string, options: CsvOptions = {}): Table {
  const where = "readCsv";
  checkOptions(where, options, ["header", "delimiter", "types", "missing", "onMissing", "comment"]);
  const { header = true, types = {}, missing = defaultMissing, onMissing = "error" } = options;
  if (typeof text !== "string") {
    throw new ArgumentError(
      `${where}: expected the text itself, not ${quoted(text)}. Read a file with readCsvFile(path).`,
    );
  }
  if (!["error", "nan", "skip"].includes(onMissing)) {
    throw new ArgumentError(
      `${where}: onMissing must be "error", "nan" or "skip", not ${quoted(onMissing)}.`,
      { onMissing },
    );
  }
  const lines = splitLines(text, options);
  const first = lines[0];
  if (first === undefined) {
    throw new CsvError(`${where}: the text is empty; there is no table in it.`, { line: 1 });
  }
  const names = header
    ? first.entries.map((name) => name.trim())
    : first.entries.map((_, i) => String(i));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new CsvError(
      `${where}: line ${first.line}: there are two columns called ${quoted(twice)}. Rename one, or read without header.`,
      { line: first.line, column: twice },
    );
  }
  for (const name of Object.keys(types)) {
    if (!names.includes(name)) {
      throw new ArgumentError(
        `${where}: types has a column ${quoted(name)} that is not there. There are: ${names.join(", ")}.`,
        { column: name },
      );
    }
    if (!Object.hasOwn(readers, types[name]!)) {
      throw new ArgumentError(
        `${where}: the type of ${quoted(name)} must be ${Object.keys(readers).join(", ")}, not ${quoted(types[name])}.`,
        { column: name },
      );
    }
  }
  const absent = new Set(missing);
  let rows = header ? lines.slice(1) : lines;
  for (const { line, entries } of rows) {
    if (entries.length === names.length) continue;
    throw new CsvError(
      `${where}: line ${line} has ${entries.length} entries, but there are ${names.length} columns (${names.join(", ")}).`,
      { line, entries: entries.length, columns: names.length },
    );
  }
  if (onMissing === "skip") {
    rows = rows.filter(({ entries }) => !entries.some((entry) => absent.has(entry.trim())));
  }
  const given = new Map(Object.entries(types));
  const columns = names.map((name, j) => {
    const type = given.get(name) ?? typeFor(rows, j, absent);
    return [name, readColumn(rows, j, { name, type, absent, onMissing })] as const;
  });
  return new Table(new Map(columns), rows.length);
}

/**
 * Reads a table from a file; in Node, Bun and Deno.
 *
 * @throws {CsvError} as {@link readCsv}, and for a file that is not UTF-8; and what the system says when it cannot be read.
 */
export async function readCsvFile(path: string, options?: CsvOptions): Promise<Table> {
  const bytes = await readFile(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CsvError(
      `readCsvFile: ${path} is not UTF-8. Save it as UTF-8, or decode it yourself and give the text to readCsv.`,
      { path },
    );
  }
  return readCsv(text, options);
}

/** The entries of a line, and its number in the text, counted from 1. */
interface Line {
  readonly line: number;
  readonly entries: readonly string[];
}

function splitLines(text: string, { delimiter, comment }: CsvOptions): Line[] {
  const lines: Line[] = [];
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  let line = 1;
  let from = 0;
  Papa.parse<string[]>(body, {
    delimiter: delimiter ?? "",
    comments: comment ?? false,
    step: ({ data, errors, meta }) => {
      // A quoted entry may span lines, and comments leave no row: lines are counted in the text itself.
      const start = startOf(body, from, comment);
      line += lineEnds(body, from, start);
      const fault = errors.find(({ code }) => code !== "UndetectableDelimiter");
      if (fault !== undefined) {
        throw new CsvError(
          `readCsv: line ${line}: ${fault.code === "MissingQuotes" ? "a quoted entry never ends" : fault.message}. Quotes inside of quotes are doubled.`,
          { line, code: fault.code },
        );
      }
      const isBlank = data.length === 1 && data[0]!.trim() === "";
      if (!isBlank) lines.push({ line, entries: data });
      line += lineEnds(body, start, meta.cursor);
      from = meta.cursor;
    },
  });
  return lines;
}

/** Where the next row begins, behind lines that are comments. */
function startOf(text: string, from: number, comment: string | undefined): number {
  let at = from;
  while (comment !== undefined && text.startsWith(comment, at)) {
    const end = text.indexOf("\n", at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  return at;
}

function lineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) {
    count++;
  }
  return count;
}

/** How entries are read; `null` for what is not of the type. */
const readers: Readonly<Record<ColumnType, (entry: string) => number | string | boolean | null>> = {
  number: (entry) => (isNumber(entry) ? Number(entry) : null),
  integer: (entry) =>
    isNumber(entry) && Number.isSafeInteger(Number(entry)) ? Number(entry) : null,
  boolean: (entry) => {
    const lower = entry.toLowerCase();
    return lower === "true" ? true : lower === "false" ? false : null;
  },
  string: (entry) => entry,
};

/** Decimal numbers only: Number() would also take "0x10" and " ". */
function isNumber(entry: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(entry) && Number.isFinite(Number(entry));
}

function typeFor(rows: readonly Line[], j: number, absent: ReadonlySet<string>): ColumnType {
  const entries = rows.map(({ entries }) => entries[j]!.trim()).filter((e) => !absent.has(e));
  for (const type of ["number", "boolean"] as const) {
    if (entries.every((entry) => readers[type](entry) !== null)) return type;
  }
  return "string";
}

const described: Readonly<Record<ColumnType, string>> = {
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  string: "text",
};

function readColumn(
  rows: readonly Line[],
  j: number,
  {
    name,
    type,
    absent,
    onMissing,
  }: { name: string; type: ColumnType; absent: ReadonlySet<string>; onMissing: string },
): Column {
  const values = rows.map(({ line, entries }) => {
    const entry = entries[j]!.trim();
    const place = `line ${line}, column ${j + 1} (${quoted(name)})`;
    if (absent.has(entry)) {
      if (onMissing === "nan" && (type === "number" || type === "integer")) return Number.NaN;
      throw new CsvError(
        `readCsv: ${place}: ${entry === "" ? "the entry is empty" : `${quoted(entry)} stands for a missing entry`}. Fill it in, or give { onMissing: "skip" }${type === "string" ? ", or { missing: [] } to take it as text" : ' or { onMissing: "nan" }'}.`,
        { line, column: j + 1, name },
      );
    }
    const value = readers[type](entry);
    if (value === null) {
      throw new CsvError(`readCsv: ${place}: ${quoted(entry)} is not ${described[type]}.`, {
        line,
        column: j + 1,
        name,
        entry,
      });
    }
    return value;
  });
  if (type === "string") return { type, values: values.map(String) };
  if (type === "boolean") return { type, values: values.map(Boolean) };
  return { type, values: Float64Array.from(values, Number) };
}
