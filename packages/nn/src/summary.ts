/**
 * The modules of a model as a table.
 */
import type { DType, Shape } from "@chainrule/core";
import { ArgumentError, checkOptions, formatShape, noGrad, quoted, zeros } from "@chainrule/core";
import type { Module } from "./module.ts";
import { membersOf, nameOf } from "./registry.ts";
import { tensorsIn, watchForward } from "./running.ts";

/** Options of `summary`. */
export interface SummaryOptions {
  /** The element type of the inputs: that of the parameters, or int32 for indices. */
  dtype?: DType;
}

/** One module of a summary. */
export interface SummaryRow {
  /** Where it is in the model; `""` is the model itself. */
  readonly path: string;
  /** The name of its class. */
  readonly type: string;
  /** The shapes of its outputs in the first call; empty if it was not called. */
  readonly outputShapes: readonly Shape[];
  /** The numbers in its own parameters, those of its children left out; one that is shared counts where it is first. */
  readonly parameters: number;
  /** Those of them that require gradients. */
  readonly trainable: number;
}

/** What `summary` gives: rows to read, and a table to print. */
export class ModelSummary {
  readonly rows: readonly SummaryRow[];
  /** The numbers in all parameters. */
  readonly parameters: number;
  /** Those of them that require gradients. */
  readonly trainable: number;

  constructor(model: Module, inputShape?: Shape | readonly Shape[], options?: SummaryOptions) {
    checkOptions("summary", options, ["dtype"]);
    const shapes =
      inputShape === undefined ? new Map() : outputShapes(model, inputShape, options?.dtype);
    const counted = new Set<object>();
    this.rows = model.namedModules().map(([path, module]) => {
      let parameters = 0;
      let trainable = 0;
      for (const { kind, value } of membersOf(module)) {
        if (kind !== "parameter" || counted.has(value)) continue;
        counted.add(value);
        parameters += value.numel();
        if (value.requiresGrad) trainable += value.numel();
      }
      return {
        path,
        type: nameOf(module),
        outputShapes: shapes.get(module) ?? [],
        parameters,
        trainable,
      };
    });
    this.parameters = this.rows.reduce((sum, row) => sum + row.parameters, 0);
    this.trainable = this.rows.reduce((sum, row) => sum + row.trainable, 0);
  }

  /** The table as text. */
  toString(): string {
    const withShapes = this.rows.some((row) => row.outputShapes.length > 0);
    const header = ["Module", ...(withShapes ? ["Output"] : []), "Parameters"];
    const body = this.rows.map((row) => {
      const parent = this.parentOf(row);
      const depth = this.depthOf(row);
      const name = row.path.slice(
        parent === undefined || parent.path === "" ? 0 : parent.path.length + 1,
      );
      return [
        `${"  ".repeat(depth)}${depth === 0 ? row.type : `${name}: ${row.type}`}`,
        ...(withShapes ? [row.outputShapes.map(formatShape).join(", ")] : []),
        row.parameters === 0 ? "" : grouped(row.parameters),
      ];
    });
    const widths = header.map((title, i) =>
      [title, ...body.map((cells) => cells[i]!)].reduce(
        (width, text) => Math.max(width, text.length),
        0,
      ),
    );
    const line = (cells: readonly string[]): string =>
      cells
        .map((text, i) =>
          i === cells.length - 1 ? text.padStart(widths[i]!) : text.padEnd(widths[i]!),
        )
        .join("  ")
        .trimEnd();
    const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
    const frozen = this.parameters - this.trainable;
    const total = `${grouped(this.parameters)} parameters${frozen === 0 ? "" : `, ${grouped(frozen)} of them frozen`}`;
    return [line(header), rule, ...body.map(line), rule, total].join("\n");
  }

  /** The module that holds another: the one with the longest path that the other's path continues. */
  private parentOf(row: SummaryRow): SummaryRow | undefined {
    let parent: SummaryRow | undefined;
    for (const other of this.rows) {
      if (other === row) break;
      if (other.path === "" || row.path.startsWith(`${other.path}.`)) parent = other;
    }
    return parent;
  }

  private depthOf(row: SummaryRow): number {
    let depth = 0;
    for (let parent = this.parentOf(row); parent !== undefined; parent = this.parentOf(parent))
      depth++;
    return depth;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** 13002 as 13,002, on every machine. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Runs the model on zeros, as it is used and not trained, and notes what each module gives first. */
function outputShapes(
  model: Module,
  inputShape: Shape | readonly Shape[],
  dtype: DType | undefined,
): Map<Module, Shape[]> {
  if (!Array.isArray(inputShape)) {
    throw new ArgumentError(
      `summary: a shape is an array such as [1, 784], not ${quoted(inputShape)}.`,
      { inputShape },
    );
  }
  const several = inputShape.length > 0 && inputShape.every((part) => Array.isArray(part));
  const list = (several ? inputShape : [inputShape]) as readonly Shape[];
  const type = dtype ?? model.parameters()[0]?.dtype;
  const inputs = list.map((shape) => zeros(shape, type === undefined ? {} : { dtype: type }));
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
