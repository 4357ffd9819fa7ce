/**
 * A program: what a function computes, as a list of calls, without the function.
 *
 * Numbers lie in slots. Each slot is filled once, by an argument or by one call, with a storage; operands say how they lie
 * in it, so that views need no call.
 */
import type { DType } from "../dtype.ts";
import { GradError } from "../errors.ts";
import type { Deferred } from "../graph/capture.ts";
import type { Arrived } from "../graph/chain-rule.ts";
import { noGrad } from "../graph/mode.ts";
import type { NodeOp } from "../graph/node.ts";
import { expose, hold, letGo, noteStorages, sweep } from "../recycling.ts";
import type { Shape } from "../shape.ts";
import { formatShape, isRowMajor, sameShape } from "../shape.ts";
import type { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";

/** Numbers in a slot, and how they lie there. */
export interface InSlot {
  readonly slot: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
}

/** What a call works on: numbers in a slot, or a tensor from outside or a constant, which is there already. */
export type Operand = InSlot | Tensor;

/** One computation of a program. */
export interface ProgramCall {
  /** What it is called in descriptions. */
  readonly name: string;
  /** The op that was called; `null` where numbers are drawn or checked, or where several calls have become one. */
  readonly op: NodeOp | null;
  readonly operands: readonly Operand[];
  readonly options: unknown;
  readonly results: readonly (Deferred & { readonly slot: number })[];
  /** The tensor from outside that it changes in place, if it does. */
  readonly changes?: Tensor;
  readonly compute: (operands: readonly Tensor[]) => readonly Tensor[];
}

/** A cotangent that is to be added to the gradient of a leaf. */
export interface Accumulation {
  /** The leaf: a tensor from outside, or the number of an argument. */
  readonly leaf: Tensor | number;
  readonly cotangent: Operand;
}

/** A list of calls in an order in which they can be done, and what is wanted of them. */
export interface Program {
  /** How many slots arguments fill: the first ones. */
  readonly inputs: number;
  readonly calls: readonly ProgramCall[];
  readonly outputs: readonly Operand[];
  readonly accumulations: readonly Accumulation[];
  /** The tensors from outside that it works on, and what of them it takes for granted. */
  readonly outside: ReadonlyMap<Tensor, AsItWas>;
  /** What it changes in place: an argument that lies there, too, would change with it. */
  readonly changed: ReadonlySet<Storage>;
  /** What the function read of tensors from outside, and with it their numbers: their storages and the versions of these. */
  readonly read: ReadonlyMap<Storage, number>;
}

/** What must stay as it was when a program was made. */
export interface AsItWas {
  readonly storage: Storage;
  readonly requiresGrad: boolean;
}

/** Whether the tensors from outside are still what the program takes them for. */
export function isUpToDate({ outside, read }: Program): boolean {
  for (const [{ storage, requiresGrad }, before] of outside)
    if (storage !== before.storage || requiresGrad !== before.requiresGrad) return false;
  for (const [storage, version] of read) if (storage.version !== version) return false;
  return true;
}

/**
 * Without the calls of ops that nothing wanted depends on. What checks numbers stays, and what draws random ones, so that
 * the others stay the same.
 */
export function withoutIdleCalls(program: Program): Program {
  const needed = new Set<number>();
  const need = (operand: Operand): void => {
    if (!(operand instanceof Tensor)) needed.add(operand.slot);
  };
  program.outputs.forEach(need);
  for (const { cotangent } of program.accumulations) need(cotangent);
  const calls: ProgramCall[] = [];
  for (const call of program.calls.toReversed()) {
    if (call.op !== null && !call.results.some(({ slot }) => needed.has(slot))) continue;
    call.operands.forEach(need);
    calls.push(call);
  }
  return { ...program, calls: calls.reverse() };
}

/** What a run gives. */
export interface Outcome {
  readonly outputs: readonly Tensor[];
  /** What is to be added to the gradients of leaves, in the order of the program. */
  readonly cotangents: readonly Arrived[];
}

/** The numbers in a slot while a program runs. */
interface Filled {
  readonly storage: Storage;
  readonly offset: number;
}

/** Runs programs: a slot's memory is used again after the last call that reads it. */
export class Runner {
  private readonly program: Program;
  /** For each call, the slots that nothing reads after it. */
  private readonly lastUses: readonly (readonly number[])[];
  /** For each accumulation, whether nothing else is to have its cotangent. */
  private readonly owns: readonly boolean[];

  constructor(program: Program) {
    this.program = program;
    const { inputs, calls, outputs } = program;
    const cotangents = program.accumulations.map(({ cotangent }) => cotangent);
    const last = new Map<number, number>();
    const read = (operand: Operand, at: number): void => {
      if (!(operand instanceof Tensor) && operand.slot >= inputs) last.set(operand.slot, at);
    };
    for (const [at, call] of calls.entries()) {
      for (const { slot } of call.results) last.set(slot, at);
      for (const operand of call.operands) read(operand, at);
    }
    for (const operand of [...outputs, ...cotangents]) read(operand, -1);
    const lastUses = calls.map((): number[] => []);
    for (const [slot, at] of last) lastUses[at]?.push(slot);
    this.lastUses = lastUses;
    const kept = [...outputs, ...cotangents].map((one) => (one instanceof Tensor ? -1 : one.slot));
    this.owns = cotangents.map(
      (one) =>
        !(one instanceof Tensor) &&
        one.slot >= inputs &&
        kept.indexOf(one.slot) === kept.lastIndexOf(one.slot) &&
        one.offset === 0 &&
        isRowMajor(one.shape, one.strides),
    );
  }

  /** Runs the program on tensors that lie as its arguments do. */
  run(args: readonly Tensor[]): Outcome {
    const { calls, outputs, accumulations } = this.program;
    const slots: Filled[] = args.slice();
    if (calls.length > 0) noGrad(() => this.fill(slots));
    const find = (operand: Operand): Tensor => found(operand, slots);
    return {
      outputs: outputs.map((operand) => {
        const x = find(operand);
        expose(x.storage);
        return x;
      }),
      cotangents: accumulations.map(({ cotangent }, i) => {
        const x = find(cotangent);
        const owned = this.owns[i]!;
        // Who is given it lets go of it.
        if (!owned) hold(x.storage);
        return { cotangent: x, owned };
      }),
    };
  }

  /** Does the calls, one after the other. */
  private fill(slots: Filled[]): void {
    const { calls } = this.program;
    const find = (operand: Operand): Tensor => found(operand, slots);
    const made: Storage[] = [];
    const outer = noteStorages(made);
    try {
      for (let at = 0; at < calls.length; at++) {
        const call = calls[at]!;
        const results = call.compute(call.operands.map(find));
        for (let i = 0; i < call.results.length; i++) {
          const { slot, shape } = call.results[i]!;
          const result = results[i]!;
          if (!sameShape(result.shape, shape)) refuseShape(call.name, result.shape, shape);
          hold(result.storage);
          slots[slot] = result;
        }
        sweep(made);
        for (const slot of this.lastUses[at]!) letGo(slots[slot]!.storage);
      }
    } finally {
      noteStorages(outer);
    }
  }
}

function found(operand: Operand, slots: readonly Filled[]): Tensor {
  if (operand instanceof Tensor) return operand;
  const { slot, dtype, shape, strides, offset } = operand;
  const filled = slots[slot]!;
  return new Tensor(filled.storage, dtype, shape, strides, filled.offset + offset);
}

function refuseShape(name: string, shape: Shape, expected: Shape): never {
  throw new GradError(
    `compile: ${name} gave shape ${formatShape(shape)}, but ${formatShape(expected)} when the function was compiled: its shape depends on numbers. Leave it outside of the compiled function.`,
    { op: name, shape, expected },
  );
}
