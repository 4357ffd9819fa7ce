/**
 * Traces as text, and back: a trace from elsewhere is checked before anything is made of it.
 */
import { ArgumentError, quoted } from "@chainrule/core";
import type { Trace, TraceNumber } from "./schema.ts";
import { traceVersion } from "./schema.ts";

/** Longest text of a name, an op, a scope, a title that is accepted. */
const maxText = 10_000;
/** Longest formula or message. */
const maxLongText = 100_000;

const dtypes = new Set(["float32", "float64", "int32", "bool"]);
const spelt = new Set(["NaN", "Infinity", "-Infinity", "-0"]);

/**
 * A trace as JSON text, for a file; `readTrace` reads it back.
 *
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, readTrace, toJSON } from "@chainrule/inspect";
 * const trace = capture(() => tensor(2, { requiresGrad: true }).exp());
 * toJSON(readTrace(toJSON(trace))) === toJSON(trace); // → true
 */
export function toJSON(trace: Trace): string {
  return JSON.stringify(checkedTrace(trace));
}

/**
 * Reads a trace, from its JSON text or from the object that was made of it. Everything is checked: the version, that
 * operands come before results, that shapes and numbers agree. What is not part of the schema is left out.
 *
 * @throws {ArgumentError} for anything that is no trace, naming the place: `nodes[3].outputs[0].shape`.
 * @example
 * import { readTrace } from "@chainrule/inspect";
 * readTrace('{ "format": "chainrule-trace", "version": 99 }'); // → throws ArgumentError: readTrace: version is 99
 */
export function readTrace(source: unknown): Trace {
  let data = source;
  if (typeof source === "string") {
    try {
      data = JSON.parse(source);
    } catch (error) {
      throw new ArgumentError(
        `readTrace: this is no JSON (${error instanceof Error ? error.message : String(error)}).`,
      );
    }
  }
  return vouchFor(new TraceReader().trace(data));
}

/** Traces that were captured or read here: they need no second look. */
const known = new WeakSet<Trace>();

/** Notes that a trace is in order. */
export function vouchFor(trace: Trace): Trace {
  known.add(trace);
  return trace;
}

/** The trace itself if it comes from here, else a checked copy of it. */
export function checkedTrace(trace: Trace): Trace {
  return known.has(trace) ? trace : readTrace(trace);
}

type Fields = Readonly<Record<string, unknown>>;

/** Copies a trace, field by field, and refuses what does not fit. */
class TraceReader {
  /** How many outputs each node has. */
  private readonly outputCounts: number[] = [];
  private readonly shapes: (readonly (readonly number[])[])[] = [];

  trace(data: unknown): Trace {
    const fields = this.fields("the trace", data);
    if (fields.format !== "chainrule-trace")
      throw refusal("format", `is ${brief(fields.format)}, not "chainrule-trace"`);
    if (fields.version !== traceVersion) {
      throw refusal(
        "version",
        `is ${brief(fields.version)}; this release reads version ${traceVersion}`,
      );
    }
    const nodes: Trace["nodes"] = this.list("nodes", fields.nodes, (place, node, i) =>
      this.node(place, node, i),
    );
    const error = fields.error === null ? null : this.error(fields.error);
    for (const node of nodes) {
      if (node.outputs.length === 0 && error?.node !== node.id)
        throw refusal(`nodes[${node.id - 1}].outputs`, "is empty, but no error is noted for it");
    }
    return {
      format: "chainrule-trace",
      version: traceVersion,
      title: this.text("title", fields.title),
      nodes,
      outputs: this.list("outputs", fields.outputs, (place, ref) => this.ref(place, ref)),
      backward: fields.backward === null ? null : this.backward(fields.backward, nodes),
      update:
        fields.update === null
          ? null
          : this.list("update", fields.update, (place, change) => this.change(place, change)),
      error,
    };
  }

  private node(place: string, data: unknown, index: number): Trace["nodes"][number] {
    const node = this.fields(place, data);
    const { kind } = node;
    if (node.id !== index + 1)
      throw refusal(`${place}.id`, `is ${brief(node.id)}, not ${index + 1}`);
    if (kind !== "leaf" && kind !== "op") throw refusal(`${place}.kind`, `is ${brief(kind)}`);
    const operands = this.list(`${place}.operands`, node.operands, (at, ref) => this.ref(at, ref));
    const outputs = this.list(`${place}.outputs`, node.outputs, (at, one) => this.tensor(at, one));
    if (kind === "leaf" && (operands.length > 0 || outputs.length !== 1))
      throw refusal(place, "is a leaf, which has one output and no operands");
    this.outputCounts.push(outputs.length);
    this.shapes.push(outputs.map(({ shape }) => shape));
    return {
      id: index + 1,
      kind,
      op: kind === "leaf" ? null : this.text(`${place}.op`, node.op),
      formula: this.textOrNull(`${place}.formula`, node.formula, maxLongText),
      symbols: this.list(`${place}.symbols`, node.symbols, (at, one) => this.text(at, one)),
      derivatives: this.list(`${place}.derivatives`, node.derivatives, (at, one) =>
        this.text(at, one, maxLongText),
      ),
      broadcasts: this.boolean(`${place}.broadcasts`, node.broadcasts),
      operands,
      options: this.data(`${place}.options`, node.options, 0),
      scope: this.text(`${place}.scope`, node.scope),
      site: this.textOrNull(`${place}.site`, node.site, maxText),
      saved: this.list(`${place}.saved`, node.saved, (at, saved) => {
        const { name, value } = this.fields(at, saved);
        return { name: this.text(`${at}.name`, name), value: this.value(`${at}.value`, value) };
      }),
      outputs,
    };
  }

  private tensor(place: string, data: unknown): Trace["nodes"][number]["outputs"][number] {
    const tensor = this.fields(place, data);
    const shape = this.shape(`${place}.shape`, tensor.shape);
    const like = (name: "value" | "grad") =>
      tensor[name] === null ? null : this.value(`${place}.${name}`, tensor[name], shape);
    return {
      shape,
      dtype: this.dtype(`${place}.dtype`, tensor.dtype),
      name: this.textOrNull(`${place}.name`, tensor.name, maxText),
      requiresGrad: this.boolean(`${place}.requiresGrad`, tensor.requiresGrad),
      value: like("value"),
      grad: like("grad"),
    };
  }

  private backward(data: unknown, nodes: Trace["nodes"]): NonNullable<Trace["backward"]> {
    const { seeds, contributions } = this.fields("backward", data);
    return {
      seeds: this.list("backward.seeds", seeds, (place, one) => {
        const seed = this.fields(place, one);
        const target = this.ref(`${place}.target`, seed.target);
        return { target, value: this.value(`${place}.value`, seed.value, this.shapeAt(target)) };
      }),
      contributions: this.list("backward.contributions", contributions, (place, one) => {
        const given = this.fields(place, one);
        const id = this.integer(`${place}.node`, given.node, 1, nodes.length);
        const node = nodes[id - 1]!;
        const operand = this.integer(
          `${place}.operand`,
          given.operand,
          0,
          node.operands.length - 1,
        );
        const shape = this.shapeAt(node.operands[operand]!);
        const { raw, value, total } = given;
        const unsummed = raw === null ? null : this.value(`${place}.raw`, raw);
        if (unsummed !== null && !broadcastsTo(shape, unsummed.shape)) {
          throw refusal(
            `${place}.raw.shape`,
            `is ${brief(unsummed.shape)}, which cannot be summed to ${brief(shape)}`,
          );
        }
        return {
          node: id,
          operand,
          raw: unsummed,
          value: this.value(`${place}.value`, value, shape),
          total: total === null ? null : this.value(`${place}.total`, total, shape),
        };
      }),
    };
  }

  private change(place: string, data: unknown): NonNullable<Trace["update"]>[number] {
    const change = this.fields(place, data);
    const target = this.ref(`${place}.target`, change.target);
    const shape = this.shapeAt(target);
    return {
      target,
      before: this.value(`${place}.before`, change.before, shape),
      after: this.value(`${place}.after`, change.after, shape),
    };
  }

  private error(data: unknown): NonNullable<Trace["error"]> {
    const error = this.fields("error", data);
    const { phase } = error;
    if (phase !== "forward" && phase !== "backward" && phase !== "update")
      throw refusal("error.phase", `is ${brief(phase)}`);
    const count = this.outputCounts.length;
    const node = error.node === null ? null : this.integer("error.node", error.node, 1, count);
    return {
      phase,
      name: this.text("error.name", error.name),
      message: this.text("error.message", error.message, maxLongText),
      node,
      operands: this.list("error.operands", error.operands, (place, one) =>
        this.integer(place, one, 0, maxText),
      ),
    };
  }

  /** A reference to a node that was read already: graphs have no cycles. */
  private ref(place: string, data: unknown): Trace["outputs"][number] {
    const ref = this.fields(place, data);
    const read = this.outputCounts.length;
    const { node } = ref;
    if (typeof node !== "number" || !Number.isInteger(node) || node < 1 || node > read) {
      throw refusal(
        `${place}.node`,
        `is ${brief(node)}: it must be one of the ${read} nodes before, since operands come before results`,
      );
    }
    const last = this.outputCounts[node - 1]! - 1;
    return { node, output: this.integer(`${place}.output`, ref.output, 0, last) };
  }

  private shapeAt({ node, output }: Trace["outputs"][number]): readonly number[] {
    return this.shapes[node - 1]![output]!;
  }

  private value(
    place: string,
    data: unknown,
    like?: readonly number[],
  ): NonNullable<Trace["nodes"][number]["outputs"][number]["value"]> {
    const value = this.fields(place, data);
    const shape = this.shape(`${place}.shape`, value.shape);
    if (like !== undefined && shape.join() !== like.join())
      throw refusal(`${place}.shape`, `is [${shape.join(", ")}], not [${like.join(", ")}]`);
    const whole = value.data === null ? null : this.numbers(`${place}.data`, value.data, shape);
    if (whole === null && (value.summary === null || value.slice === null))
      throw refusal(place, "has neither numbers nor a summary and a slice");
    return {
      shape,
      dtype: this.dtype(`${place}.dtype`, value.dtype),
      data: whole,
      summary: value.summary === null ? null : this.summary(`${place}.summary`, value.summary),
      slice: value.slice === null ? null : this.slice(`${place}.slice`, value.slice),
    };
  }

  private summary(place: string, data: unknown) {
    const { nan, infinite, zero, least, most, mean, rms } = this.fields(place, data);
    return {
      nan: this.integer(`${place}.nan`, nan, 0),
      infinite: this.integer(`${place}.infinite`, infinite, 0),
      zero: this.integer(`${place}.zero`, zero, 0),
      least: this.number(`${place}.least`, least),
      most: this.number(`${place}.most`, most),
      mean: this.number(`${place}.mean`, mean),
      rms: this.number(`${place}.rms`, rms),
    };
  }

  private slice(place: string, data: unknown) {
    const slice = this.fields(place, data);
    const shape = this.shape(`${place}.shape`, slice.shape);
    return { shape, data: this.numbers(`${place}.data`, slice.data, shape) };
  }

  private numbers(place: string, data: unknown, shape: readonly number[]) {
    const count = shape.reduce((product, length) => product * length, 1);
    if (!Array.isArray(data) || data.length !== count)
      throw refusal(place, `must be a list of ${count} numbers for shape [${shape.join(", ")}]`);
    const { length } = data;
    const numbers: TraceNumber[] = [];
    // Places are written out for errors only: there may be millions of numbers.
    for (let i = 0; i < length; i++) {
      const one: unknown = data[i];
      const plain = typeof one === "number" && Number.isFinite(one) && one !== 0;
      numbers.push(plain ? one : this.number(`${place}[${i}]`, one));
    }
    return numbers;
  }

  private number(place: string, data: unknown): TraceNumber {
    if (typeof data === "number" && Number.isFinite(data)) return Object.is(data, -0) ? "-0" : data;
    if (data === "NaN" || data === "Infinity" || data === "-Infinity" || data === "-0") return data;
    throw refusal(
      place,
      `is ${brief(data)}: a finite number, or ${[...spelt].map(quoted).join(", ")}`,
    );
  }

  private shape(place: string, data: unknown): readonly number[] {
    const shape = this.list(place, data, (at, length) => this.integer(at, length, 0));
    if (!Number.isSafeInteger(shape.reduce((product, length) => product * length, 1)))
      throw refusal(place, `is [${shape.join(", ")}]: too many elements`);
    return shape;
  }

  private dtype(place: string, data: unknown) {
    if (data === "float32" || data === "float64" || data === "int32" || data === "bool")
      return data;
    throw refusal(place, `is ${brief(data)}; known are ${[...dtypes].join(", ")}`);
  }

  private data(place: string, data: unknown, depth: number): Trace["nodes"][number]["options"] {
    if (depth > 16) throw refusal(place, "is nested too deeply");
    if (data === null || typeof data === "boolean") return data;
    if (typeof data === "number") return data;
    if (typeof data === "string") return this.text(place, data);
    if (Array.isArray(data))
      return data.map((one: unknown, i) => this.data(`${place}[${i}]`, one, depth + 1));
    return Object.fromEntries(
      Object.entries(this.fields(place, data)).map(([key, one]) => [
        this.text(place, key),
        this.data(`${place}.${brief(key)}`, one, depth + 1),
      ]),
    );
  }

  private list<T>(
    place: string,
    data: unknown,
    read: (place: string, one: unknown, i: number) => T,
  ): T[] {
    if (!Array.isArray(data)) throw refusal(place, `is ${brief(data)}, not a list`);
    return data.map((one: unknown, i) => read(`${place}[${i}]`, one, i));
  }

  private fields(place: string, data: unknown): Fields {
    if (typeof data !== "object" || data === null || Array.isArray(data))
      throw refusal(place, `is ${brief(data)}, not an object`);
    return data as Fields;
  }

  private text(place: string, data: unknown, most = maxText): string {
    if (typeof data !== "string") throw refusal(place, `is ${brief(data)}, not a text`);
    if (data.length > most)
      throw refusal(place, `has ${data.length} characters; at most ${most} are read`);
    return data;
  }

  private textOrNull(place: string, data: unknown, most: number): string | null {
    return data === null ? null : this.text(place, data, most);
  }

  private boolean(place: string, data: unknown): boolean {
    if (typeof data !== "boolean") throw refusal(place, `is ${brief(data)}, not true or false`);
    return data;
  }

  private integer(
    place: string,
    data: unknown,
    least: number,
    most = Number.MAX_SAFE_INTEGER,
  ): number {
    if (typeof data !== "number" || !Number.isSafeInteger(data) || data < least || data > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `${least} to ${most}`;
      throw refusal(place, `is ${brief(data)}; it must be a whole number, ${range}`);
    }
    return data;
  }
}

function refusal(place: string, what: string): ArgumentError {
  return new ArgumentError(`readTrace: ${place} ${what}.`, { place });
}

/** A value in an error, never the whole of a long one. */
function brief(value: unknown): string {
  const text = quoted(typeof value === "string" ? value.slice(0, 60) : value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Whether a tensor of one shape is copied into another where shapes broadcast. */
function broadcastsTo(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((length, dim) => length === 1 || length === to[dim + lead]);
}
