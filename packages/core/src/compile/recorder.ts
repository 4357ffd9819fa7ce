/**
 * From a function to a program: the function is called once with arguments that have no numbers.
 */
import { scalarTensor } from "../creation.ts";
import { GradError } from "../errors.ts";
import type { Capture, Check, Deferred, Draw } from "../graph/capture.ts";
import { capturing } from "../graph/capture.ts";
import type { NodeOp } from "../graph/node.ts";
import { latestNode } from "../graph/node.ts";
import type { Observer } from "../graph/observe.ts";
import { observe } from "../graph/observe.ts";
import { contiguousCopy } from "../op.ts";
import { newStorage, noteRecorded, noteStorages } from "../recycling.ts";
import { contiguousStrides, elementCount } from "../shape.ts";
import type { Storage } from "../storage.ts";
import { deferredStorage, storageWatermark } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import type { Accumulation, AsItWas, Operand, Program, ProgramCall } from "./program.ts";

/** What a function returned, and what it computes. */
export interface Recorded<T> {
  readonly value: T;
  readonly program: Program;
  /** Whether it took gradients itself. */
  readonly tookGradients: boolean;
}

export class Recorder implements Capture {
  /** The storages whose numbers are computed later, and their slots. */
  private readonly slots = new Map<Storage, number>();
  private readonly calls: ProgramCall[] = [];
  private readonly accumulations: Accumulation[] = [];
  private readonly args: readonly Tensor[];
  /** What the function read of tensors from outside: their storages, and their versions then. */
  private readonly read = new Map<Storage, number>();
  private readonly outside = new Map<Tensor, AsItWas>();
  private readonly changed = new Set<Storage>();
  /** Copies of constants, which the function may change later on. */
  private readonly constants = new Map<Storage, { version: number; copy: Storage }>();
  /** Storages with smaller ids were there before. */
  private readonly watermark: number;
  private isOver = false;

  /** `like`: tensors of which each argument is to have the shape, type and strides. */
  constructor(like: readonly Tensor[]) {
    this.watermark = storageWatermark();
    this.args = like.map((x) => this.argument(x));
  }

  /** Calls `f` with the arguments; `outputs` tells the tensors in what it returns. */
  record<T>(
    f: (args: readonly Tensor[]) => T,
    outputs: (value: T) => readonly Tensor[],
  ): Recorded<T> {
    let passes = 0;
    // To be watched keeps the engine from using memory again and from adding in place. What a scope would give back at its
    // end, such as a constant, belongs to the program.
    const before = latestNode();
    const watch: Observer = {
      began: () => void passes++,
      reached: ({ id, op }) => {
        if (id > before) return;
        this.refuse(
          `goes backward through ${op.name}, which was computed outside`,
          "Compute it inside of the function, or detach it",
        );
      },
    };
    const scope = noteRecorded(null);
    const rule = noteStorages(null);
    try {
      const value = capturing(this, () => observe(watch, () => f(this.args)));
      const program = {
        inputs: this.args.length,
        calls: this.calls,
        outputs: outputs(value).map((x) => this.operand(x)),
        accumulations: this.accumulations,
        read: this.read,
        outside: this.outside,
        changed: this.changed,
      };
      return { value, program, tookGradients: passes > 0 };
    } finally {
      this.isOver = true;
      noteStorages(rule);
      noteRecorded(scope);
    }
  }

  /** The number of the argument that a tensor is; −1 if it is none. */
  argumentOf(x: Tensor): number {
    return this.args.indexOf(x);
  }

  isDeferred(x: Tensor): boolean {
    return this.slots.has(x.storage);
  }

  isOutside({ storage }: Tensor): boolean {
    return storage.id < this.watermark;
  }

  /** Whether a tensor was made by the function itself, of constants alone. */
  isConstant(x: Tensor): boolean {
    return !this.isOutside(x) && !this.isDeferred(x);
  }

  defers(operands: readonly Tensor[]): boolean {
    for (const x of operands) if (!this.isConstant(x)) return true;
    return false;
  }

  sees(x: Tensor): void {
    const { storage, requiresGrad } = x;
    if (this.isOutside(x) && !this.outside.has(x)) this.outside.set(x, { storage, requiresGrad });
  }

  reads({ storage }: Tensor): void {
    if (this.changed.has(storage)) {
      throw new GradError(
        "compile: the function reads numbers that it has changed in place; they are not known while it is compiled. Read them before the change, or when the function has returned.",
      );
    }
    if (storage.id < this.watermark) this.read.set(storage, storage.version);
  }

  call(
    op: NodeOp,
    operands: readonly Tensor[],
    options: unknown,
    results: readonly Deferred[],
    compute: ProgramCall["compute"],
  ): readonly Tensor[] {
    return this.note({ name: op.name, op, compute }, operands, results, options);
  }

  draw(result: Deferred, operands: readonly Tensor[], make: Draw): Tensor {
    const compute = (given: readonly Tensor[]) => [make(given)];
    return this.note({ name: "draw", op: null, compute }, operands, [result])[0]!;
  }

  assign(where: string, x: Tensor, value: Tensor, assign: (now: Tensor) => void): boolean {
    if (this.isConstant(x) && this.isConstant(value)) return false;
    if (!this.isOutside(x)) {
      const what = this.args.includes(x) ? "an argument" : "a tensor that it makes itself";
      this.refuse(`changes ${what} in place (${where})`, "Compute a new tensor instead");
    }
    this.sees(x);
    this.changed.add(x.storage);
    const compute = ([now]: readonly Tensor[]) => {
      assign(now!);
      return [];
    };
    this.note({ name: where, op: null, compute, changes: x }, [value], []);
    return true;
  }

  check(operands: readonly Tensor[], check: Check): void {
    const compute = (given: readonly Tensor[]) => {
      check(given);
      return [];
    };
    this.note({ name: "check", op: null, compute }, operands, []);
  }

  accumulate(leaf: Tensor, cotangent: Tensor): void {
    const argument = this.argumentOf(leaf);
    if (argument < 0 && !this.isOutside(leaf)) {
      const what = leaf.node === null ? "a tensor that it makes itself" : "an intermediate result";
      this.refuse(`adds to the gradient of ${what}`, "Ask grad for that gradient and return it");
    }
    this.sees(leaf);
    const slot = this.slots.get(cotangent.storage);
    // Numbers from outside may change before the gradient is added, at the end of a run.
    const isOwn = slot !== undefined ? slot >= this.args.length : this.isConstant(cotangent);
    const own = isOwn ? cotangent : contiguousCopy(cotangent);
    const place = argument < 0 ? leaf : argument;
    this.accumulations.push({ leaf: place, cotangent: this.operand(own) });
  }

  refuse(what: string, instead: string): never {
    throw new GradError(
      `compile: the function ${what}, which would happen once, when it is compiled, and not each time that it runs. ${instead}.`,
    );
  }

  private deferred({ dtype, shape, strides = contiguousStrides(shape) }: Deferred): Tensor {
    const storage = deferredStorage(elementCount(shape), () => this.refuseReading());
    this.slots.set(storage, this.slots.size);
    return new Tensor(storage, dtype, shape, strides);
  }

  private refuseReading(): never {
    throw new GradError(
      this.isOver
        ? "compile: this tensor was made while a function was compiled, and kept; it never had numbers. Return it from the function instead."
        : "compile: the numbers of this tensor are not known while the function is compiled, so that it cannot read them or choose by them. Return the tensor, choose with where, or compile the part before and the part after.",
    );
  }

  private argument(like: Tensor): Tensor {
    const x = this.deferred(like);
    x.name = like.name;
    if (like.requiresGrad) x.requiresGrad = true;
    return x;
  }

  private note(
    call: Omit<ProgramCall, "operands" | "results" | "options">,
    operands: readonly Tensor[],
    deferred: readonly Deferred[],
    options: unknown = {},
  ): readonly Tensor[] {
    const given = operands.map((x) => this.operand(x));
    const made = deferred.map((one) => this.deferred(one));
    const results = made.map((x, i) => ({ ...deferred[i]!, slot: this.slots.get(x.storage)! }));
    this.calls.push({ ...call, options, operands: given, results });
    return made;
  }

  private operand(x: Tensor): Operand {
    const { dtype, shape, strides, offset } = x;
    const slot = this.slots.get(x.storage);
    if (slot !== undefined) return { slot, dtype, shape, strides, offset };
    if (!this.isOutside(x)) return this.constant(x);
    this.sees(x);
    return x;
  }

  /** A constant as it is now. */
  private constant(x: Tensor): Tensor {
    const { storage, dtype, shape, strides, offset } = x;
    if (shape.length === 0) return scalarTensor(x.storage.data[offset]!, dtype);
    let known = this.constants.get(storage);
    if (known === undefined || known.version !== storage.version) {
      const copy = newStorage(dtype, storage.data.length, false);
      copy.data.set(storage.data);
      known = { version: storage.version, copy };
      this.constants.set(storage, known);
    }
    return new Tensor(known.copy, dtype, shape, strides, offset);
  }
}
