/**
 * The modules of a model as a table.
 */
import type { DType, Shape, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  dtypes,
  formatShape,
  getDefaultDType,
  noGrad,
  quoted,
  zeros,
} from "@chainrule/core";
import type { Module } from "./module.ts";
import { membersOf, nameOf } from "./registry.ts";
import { tensorsIn, watchForward } from "./running.ts";

/** Options of `summary`. */
export interface SummaryOptions {
  /**
   * The element type of the inputs, or one for each of several: that of the parameters unless given, and int32 where the
   * model refuses those because it looks them up.
   */
  dtype?: DType | readonly DType[];
}

/** One module of a summary. */
export interface SummaryRow {
  /** Where it is in the model; `""` is the model itself. A module in several places has a row for each. */
  readonly path: string;
  /** Its name in the module that holds it. */
  readonly name: string;
  /** The name of its class. */
  readonly type: string;
  /** How many modules hold it, one within the other. */
  readonly depth: number;
  /** The shapes of its outputs in the first call; empty if it was not called. */
  readonly outputShapes: readonly Shape[];
  /** The numbers in its own parameters, those of its children left out; one that is shared counts where it is first. */
  readonly parameters: number;
  /** Those of them that require gradients. */
  readonly trainable: number;
  /** The numbers in parameters that it shares with rows above, and that count there. */
  readonly shared: number;
  /** The numbers in its own buffers, such as running means. */
  readonly buffers: number;
}

/** What `summary` gives: rows to read, and a table to print. */
export class ModelSummary {
  readonly rows: readonly SummaryRow[];
  /** The numbers in all parameters. */
  readonly parameters: number;
  /** Those of them that require gradients. */
  readonly trainable: number;
  /** The numbers in all buffers. */
  readonly buffers: number;
  /** The memory of all parameters. */
  readonly bytes: number;

  constructor(model: Module, inputShape?: Shape | readonly Shape[], options?: SummaryOptions) {
    checkOptions("summary", options, ["dtype"]);
    const shapes =
      inputShape === undefined ? new Map() : outputShapes(model, inputShape, options?.dtype);
    this.rows = rowsOf(model, shapes);
    const total = (key: "parameters" | "trainable" | "buffers"): number =>
      this.rows.reduce((sum, row) => sum + row[key], 0);
    this.parameters = total("parameters");
    this.trainable = total("trainable");
    this.buffers = total("buffers");
    const size = { float64: 8, float32: 4, int32: 4, bool: 1 };
    this.bytes = model.parameters().reduce((sum, x) => sum + x.numel() * size[x.dtype], 0);
  }

  /** The table as text. */
  toString(): string {
    const frozen = this.parameters - this.trainable;
    const columns = [
      { title: "Module", cell: labelOf },
      {
        title: "Output",
        cell: (row: SummaryRow) => row.outputShapes.map(formatShape).join(", "),
      },
      { title: "Parameters", cell: countOf },
      {
        title: "Trainable",
        cell: (row: SummaryRow) => (row.parameters === 0 ? "" : grouped(row.trainable)),
      },
    ].filter(({ title }) => {
      if (title === "Output") return this.rows.some((row) => row.outputShapes.length > 0);
      return title !== "Trainable" || frozen > 0;
    });
    const body = this.rows.map((row) => columns.map(({ cell }) => cell(row)));
    const widths = columns.map(({ title }, i) =>
      body.reduce((width, cells) => Math.max(width, cells[i]!.length), title.length),
    );
    const isNumber = (i: number): boolean => i > 0 && columns[i]!.title !== "Output";
    const line = (cells: readonly string[]): string =>
      cells
        .map((text, i) => (isNumber(i) ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
        .join("  ")
        .trimEnd();
    const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
    const totals = [
      `${grouped(this.parameters)} parameters (${memoryOf(this.bytes)}): ${grouped(this.trainable)} trainable, ${grouped(frozen)} frozen`,
      ...(this.buffers === 0 ? [] : [`${grouped(this.buffers)} numbers in buffers`]),
      ...(this.rows.some((row) => row.shared > 0)
        ? ["(…) is shared with a row above, and counted there"]
        : []),
    ];
    return [line(columns.map(({ title }) => title)), rule, ...body.map(line), rule, ...totals].join(
      "\n",
    );
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** All modules in their order; one that was met before has a row, but its children have none again. */
function rowsOf(model: Module, shapes: ReadonlyMap<Module, readonly Shape[]>): SummaryRow[] {
  const rows: SummaryRow[] = [];
  const counted = new Set<object>();
  const stack = [{ path: "", name: "", module: model, depth: 0 }];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { path, name, module, depth } = entry;
    const isAgain = counted.has(module);
    counted.add(module);
    const counts = { parameters: 0, trainable: 0, shared: 0, buffers: 0 };
    for (const { kind, value } of isAgain ? sharedBy(module) : membersOf(module)) {
      if (kind === "module") continue;
      const size = value.numel();
      if (!counted.has(value)) {
        if (kind === "buffer") counts.buffers += size;
        else {
          counts.parameters += size;
          if (value.requiresGrad) counts.trainable += size;
        }
        counted.add(value);
      } else if (kind === "parameter") counts.shared += size;
    }
    rows.push({
      path,
      name,
      type: nameOf(module),
      depth,
      outputShapes: shapes.get(module) ?? [],
      ...counts,
    });
    if (isAgain) continue;
    const children = module.namedChildren();
    for (let i = children.length - 1; i >= 0; i--) {
      const [inner, child] = children[i]!;
      const place = path === "" ? inner : `${path}.${inner}`;
      stack.push({ path: place, name: inner, module: child, depth: depth + 1 });
    }
  }
  return rows;
}

/** The parameters of a module and of all within. */
function sharedBy(module: Module): { kind: "parameter"; value: Tensor }[] {
  return module.parameters().map((value) => ({ kind: "parameter", value }));
}

/** A module's place below the one that holds it, and its class. */
function labelOf({ name, type, depth }: SummaryRow): string {
  return `${"  ".repeat(depth)}${depth === 0 ? type : `${name}: ${type}`}`;
}

function countOf({ parameters, shared }: SummaryRow): string {
  const own = parameters === 0 ? [] : [grouped(parameters)];
  return [...own, ...(shared === 0 ? [] : [`(${grouped(shared)})`])].join(" ");
}

/** 13002 as 13,002, on every machine. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 1536 bytes as 1.5 KiB. */
function memoryOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  return `${(bytes / 1024 ** power).toFixed(1)} ${"KMGT"[power - 1]}iB`;
}

/** Runs the model on zeros, as it is used and not trained, and notes what each module gives first. */
function outputShapes(
  model: Module,
  inputShape: Shape | readonly Shape[],
  dtype: DType | readonly DType[] | undefined,
): Map<Module, Shape[]> {
  if (!Array.isArray(inputShape)) {
    throw new ArgumentError(
      `summary: a shape is an array such as [1, 784], not ${quoted(inputShape)}.`,
      { inputShape },
    );
  }
  const several = inputShape.length > 0 && inputShape.every((part) => Array.isArray(part));
  const list = (several ? inputShape : [inputShape]) as readonly Shape[];
  const types = typesFor(list.length, dtype ?? model.parameters()[0]?.dtype ?? getDefaultDType());
  try {
    return shapesOn(model, list, types);
  } catch (error) {
    if (dtype !== undefined || !(error instanceof DTypeError)) throw error;
    // Nobody said what the inputs are, and the model refuses numbers: it looks them up.
    return shapesOn(model, list, typesFor(list.length, "int32"));
  }
}

/** An element type for each input. */
function typesFor(count: number, dtype: DType | readonly DType[]): readonly DType[] {
  if (typeof dtype === "string") return new Array<DType>(count).fill(dtype);
  if (Array.isArray(dtype) && dtype.length === count) return dtype;
  throw new ArgumentError(
    `summary: dtype must be one of ${dtypes.join(", ")}, or an array of ${count}, one for each input, not ${quoted(dtype)}.`,
    { dtype },
  );
}

function shapesOn(
  model: Module,
  list: readonly Shape[],
  types: readonly DType[],
): Map<Module, Shape[]> {
  const inputs = list.map((shape, i) => zeros(shape, { dtype: types[i]! }));
  const modes = model.modules().map((module) => [module, module.training] as const);
  const shapes = new Map<Module, Shape[]>();
  const note = (module: Module, output: unknown): void => {
    if (!shapes.has(module))
      shapes.set(
        module,
        tensorsIn([output]).map((x) => x.shape),
      );
  };
  try {
    model.eval();
    noGrad(() => watchForward(note, () => model.forward(...(inputs as never[]))));
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
  return shapes;
}
