/**
 * Several runs of one model, side by side: the same calls in the same order, with other numbers and other lengths.
 */
import type { Tensor } from "@chainrule/core";
import { sameShape } from "@chainrule/core";
import { OnnxExportError } from "./errors.ts";
import type { Described, MappedCall } from "./mapping.ts";
import type { DynamicAxis, Size } from "./sizes.ts";
import { fit } from "./sizes.ts";
import type { Place, Trace, TracedCall } from "./trace.ts";

/** Says which call an error is about, and where the user made it. */
export function named({ op, scope, site }: TracedCall): string {
  return `${op.name}${scope === "" ? "" : ` in ${scope}`}${site === undefined ? "" : ` (${site})`}`;
}

/** The runs of a model. What is known of a tensor is known by its counterparts in all of them. */
export class AlignedTraces<T> {
  readonly axes: readonly DynamicAxis[];
  readonly traces: readonly Trace<T>[];

  /** @throws {OnnxExportError} when the runs did not make the same calls. */
  constructor(axes: readonly DynamicAxis[], traces: readonly Trace<T>[]) {
    this.axes = axes;
    this.traces = traces;
    const calls = this.sample.calls;
    for (const other of traces.slice(1)) {
      const count = Math.max(calls.length, other.calls.length);
      for (let i = 0; i < count; i++) {
        const [a, b] = [calls[i], other.calls[i]];
        if (a !== undefined && b !== undefined && a.op === b.op) continue;
        throw new OnnxExportError(
          `exportOnnx: with other inputs the model makes other calls: ${a === undefined ? "the end" : named(a)} became ${b === undefined ? "the end" : named(b)}. ` +
            "A file holds one course of the computation: choose with where(…) instead of if, and fix the lengths that loops run over.",
          { call: i },
        );
      }
    }
  }

  /** The run with the sample inputs. */
  get sample(): Trace<T> {
    return this.traces[0]!;
  }

  /** The call at a place in the order, in each run. */
  callsAt(index: number): readonly TracedCall[] {
    return this.traces.map(({ calls }) => calls[index]!);
  }

  /** The results of each run at a place. */
  resultsAt({ call, result }: Place): readonly Tensor[] {
    return this.traces.map(({ calls }) => calls[call]!.results[result]!);
  }

  /** What tensors that correspond to one another are like. */
  describe(tensors: readonly Tensor[], what: () => string): Described {
    const [first] = tensors as readonly [Tensor];
    if (tensors.some((x) => x.ndim !== first.ndim || x.dtype !== first.dtype)) {
      throw new OnnxExportError(
        `exportOnnx: with other inputs ${what()} has another number of dimensions or another type.`,
      );
    }
    return {
      dtype: first.dtype,
      sampleShape: first.shape,
      shape: first.shape.map((_, dim) => this.fit(tensors.map((x) => x.shape[dim]!))),
    };
  }

  /** The law behind a quantity that had these values. */
  fit(values: readonly number[]): Size {
    return fit(this.axes, values);
  }

  /** How mappings read options that may vary, of the calls at a place. */
  vary<Options>(index: number): MappedCall<Options>["vary"] {
    const calls = this.callsAt(index);
    return (read) => this.fit(calls.map(({ options }) => read(options as Options)));
  }

  /** @throws {OnnxExportError} when options that should not vary do. */
  checkOptions(index: number, varies: readonly string[]): void {
    const calls = this.callsAt(index);
    for (const other of calls.slice(1)) {
      if (equalData(calls[0]!.options, other.options, varies)) continue;
      throw new OnnxExportError(
        `exportOnnx: ${named(calls[0]!)} has other options with other inputs. They were computed outside of the graph, or follow from a length that has to be fixed.`,
        { op: calls[0]!.op.name },
      );
    }
  }
}

/** Whether options are equal, apart from those left out. They are plain data, no deeper than their literals. */
function equalData(a: unknown, b: unknown, without: readonly string[] = []): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return Object.is(a, b);
  const keys = Object.keys(a).filter((key) => !without.includes(key));
  const others = Object.keys(b).filter((key) => !without.includes(key));
  return (
    keys.length === others.length &&
    keys.every((key) => equalData(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

/** Whether tensors hold the same numbers, bit for bit but for NaN. */
export function sameNumbers(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  if (!sameShape(a.shape, b.shape) || a.dtype !== b.dtype) return false;
  const [x, y] = [a.toTypedArray(), b.toTypedArray()];
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
}
