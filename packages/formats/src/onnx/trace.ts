/**
 * Watching a function run: every call of an op, recorded or not, in order.
 *
 * A graph holds only what needs gradients. A file needs all that leads from the inputs to the outputs, so this looks at
 * the engine and not at the graph.
 */
import type { NodeOp, Storage } from "@chainrule/core";
import { currentScope, currentSite, observe, recordSourceLines, Tensor } from "@chainrule/core";

/** One call of an op. */
export interface TracedCall {
  readonly op: NodeOp;
  readonly operands: readonly Tensor[];
  readonly options: unknown;
  readonly results: readonly Tensor[];
  /** The scopes that it was made in, and the user's line. */
  readonly scope: string;
  readonly site: string | undefined;
}

/** The result of a call: which call, and which of its results. */
export interface Place {
  readonly call: number;
  readonly result: number;
}

/** All calls that a function made. */
export class Trace<T> {
  readonly calls: readonly TracedCall[];
  readonly value: T;
  private readonly places = new Map<Tensor, Place>();
  private readonly byStorage = new Map<Storage, Tensor[]>();
  /** What tells whether an operand was changed after it was first used. */
  private readonly marks = new Map<Tensor, number>();

  /** Runs a function and notes its calls; `inputs` are tensors to be known beside the results of calls. */
  constructor(body: () => T, inputs: readonly Tensor[]) {
    const calls: TracedCall[] = [];
    const before = recordSourceLines(true);
    try {
      this.value = observe(
        {
          computed: (op, operands, options, results) => {
            for (const operand of operands)
              if (!this.marks.has(operand)) this.marks.set(operand, markOf(operand));
            calls.push({
              op,
              operands,
              options,
              results,
              scope: currentScope(),
              site: currentSite(),
            });
          },
        },
        body,
      );
    } finally {
      recordSourceLines(before);
    }
    this.calls = calls.map(withSaved);
    for (const input of inputs) this.noteStorage(input);
    for (const [call, { results }] of this.calls.entries()) {
      for (const [result, tensor] of results.entries()) {
        // An op whose inside was watched may hand on what an inner op has made.
        if (this.places.has(tensor)) continue;
        this.places.set(tensor, { call, result });
        this.noteStorage(tensor);
      }
    }
  }

  /** The call that made a tensor; `undefined` for what came from elsewhere. */
  placeOf(tensor: Tensor): Place | undefined {
    return this.places.get(tensor);
  }

  /**
   * The tensor of this trace that a tensor stands for: itself, or the first one with the same numbers in the same
   * storage, as after `detach()`.
   */
  known(tensor: Tensor): Tensor {
    if (this.places.has(tensor)) return tensor;
    const twin = this.byStorage
      .get(tensor.storage)
      ?.find((other) => other === tensor || sameLayout(other, tensor));
    return twin ?? tensor;
  }

  /** The first tensor with the same numbers in the same storage, if that is another one. */
  madeBefore(tensor: Tensor): Tensor | undefined {
    const twin = this.byStorage.get(tensor.storage)?.find((other) => sameLayout(other, tensor));
    return twin === tensor ? undefined : twin;
  }

  /** Whether the numbers of an operand were changed in place after an op had used them. */
  wasChanged(tensor: Tensor): boolean {
    const mark = this.marks.get(tensor);
    return mark !== undefined && !Object.is(mark, markOf(tensor));
  }

  private noteStorage(tensor: Tensor): void {
    const tensors = this.byStorage.get(tensor.storage);
    if (tensors === undefined) this.byStorage.set(tensor.storage, [tensor]);
    else tensors.push(tensor);
  }
}

/** A call with the tensor that it left for its gradient as one more result: the places of maxima are read from there. */
function withSaved(call: TracedCall): TracedCall {
  const node = call.results[0]?.node ?? null;
  if (node === null || node.op !== call.op || !(node.saved instanceof Tensor)) return call;
  return { ...call, results: [...call.results, node.saved] };
}

/** The version of the numbers; of a single one, which may share its storage with others, the number itself. */
function markOf(tensor: Tensor): number {
  return tensor.ndim === 0 ? tensor.storage.data[tensor.offset]! : tensor.storage.version;
}

function sameLayout(a: Tensor, b: Tensor): boolean {
  return (
    a.offset === b.offset &&
    a.dtype === b.dtype &&
    a.batch === b.batch &&
    a.ndim === b.ndim &&
    a.shape.every((length, i) => length === b.shape[i]) &&
    a.strides.every((stride, i) => stride === b.strides[i] || a.shape[i] === 1)
  );
}
