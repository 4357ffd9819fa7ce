/**
 * Writes WebAssembly at run time, for loops that no one could foresee: those of pointwise expressions.
 *
 * Only what these need: one function of whole numbers, whose vectors are each computed once and kept in
 * a local variable. The engine's compiler finds registers for them.
 */
import { mostPages } from "./scratch.ts";
import type { Instruction, Vectors } from "./vector/algebra.ts";
import { instructions } from "./vector/algebra.ts";

const type = { i32: 0x7f, v128: 0x7b } as const;
const op = {
  block: 0x02,
  loop: 0x03,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  i32Const: 0x41,
  i32GeS: 0x4e,
  i32Add: 0x6a,
  simd: 0xfd,
} as const;
const simd = {
  load: 0x00,
  load32Splat: 0x09,
  load64Splat: 0x0a,
  store: 0x0b,
  shuffle: 0x0d,
  anyTrue: 0x53,
  shiftLeft: 0xab,
  shiftRight: 0xac,
  relaxedMadd: 0x105,
} as const;
const emptyBlock = 0x40;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(value: string): number[] {
  return sized([...value].map((character) => character.charCodeAt(0)));
}

function section(id: number, ...items: readonly number[][]): number[] {
  return [id, ...sized([...unsigned(items.length), ...items.flat()])];
}

/** A vector: the number of the local variable that holds it. */
export type Local = number & { readonly local: unique symbol };

/**
 * A function that is being written. Its parameters are whole numbers: addresses, and lengths in bytes. It returns 0, or
 * 1 where an element was rejected.
 */
export class LoopWriter {
  private readonly parameters: number;
  private readonly relaxed: boolean;
  /** What comes before the loop. */
  private readonly head: number[] = [];
  /**
   * The bits of the constants. They are to lie at the address in a parameter: compilers make constants of their own
   * anew in every round, instruction by instruction, where they run out of registers.
   */
  readonly constants: number[] = [];
  private readonly constantsAt: number;
  private readonly code: number[] = [];
  private readonly computed = new Map<string, Local>();
  private vectorCount = 0;
  private rejected: Local | null = null;
  readonly vectors: Vectors<Local>;

  /** The constants lie at the address in parameter `constantsAt`. */
  constructor(parameters: number, constantsAt: number, relaxed: boolean) {
    this.parameters = parameters;
    this.constantsAt = constantsAt;
    this.relaxed = relaxed;
    this.vectors = this.makeVectors();
  }

  /** The counter of the loop, a local variable after the parameters. */
  private get counter(): number {
    return this.parameters;
  }

  private get(local: number): void {
    this.code.push(op.localGet, ...unsigned(local));
  }

  /** Keeps the vector on the stack in a new variable. */
  private keep(code: number[] = this.code): Local {
    const local = this.parameters + 1 + this.vectorCount++;
    code.push(op.localSet, ...unsigned(local));
    return local as Local;
  }

  /** The vector that an instruction gives. What was computed before is not computed again: derivatives repeat much. */
  private apply(
    code: number,
    operands: readonly Local[],
    immediate: readonly number[] = [],
  ): Local {
    const key = [code, ...operands, ...immediate].join();
    let local = this.computed.get(key);
    if (local === undefined) {
      for (const operand of operands) this.get(operand);
      this.code.push(...immediate, op.simd, ...unsigned(code));
      local = this.keep();
      this.computed.set(key, local);
    }
    return local;
  }

  /** A constant of one or two words, repeated. */
  private constant(words: readonly number[]): Local {
    const offset = 4 * this.constants.length;
    this.constants.push(...words);
    const code = words.length === 1 ? simd.load32Splat : simd.load64Splat;
    this.head.push(op.localGet, ...unsigned(this.constantsAt));
    this.head.push(op.simd, code, 2, ...unsigned(offset));
    return this.keep(this.head);
  }

  private makeVectors(): Vectors<Local> {
    const known = new Map<string, Local>();
    const once = (words: ArrayLike<number>): Local => {
      const bits = Array.from(words);
      const key = bits.join();
      let local = known.get(key);
      if (local === undefined) {
        local = this.constant(bits);
        known.set(key, local);
      }
      return local;
    };
    const shift = (code: number) => (a: Local, bits: number) =>
      this.apply(code, [a], [op.i32Const, ...signed(bits)]);
    const table: Record<string, unknown> = {
      number: (value: number) => once(new Int32Array(new Float32Array([value]).buffer)),
      whole: (value: number) => once([value | 0]),
      wide: (value: number) => once(new Int32Array(new Float64Array([value]).buffer)),
      fma: (a: Local, b: Local, c: Local) =>
        this.relaxed
          ? this.apply(simd.relaxedMadd, [a, b, c])
          : this.vectors.add(this.vectors.mul(a, b), c),
      shiftLeft: shift(simd.shiftLeft),
      shiftRight: shift(simd.shiftRight),
      shuffle: (a: Local, b: Local, places: readonly number[]) => {
        this.get(a);
        this.get(b);
        const bytes = places.flatMap((place) => [0, 1, 2, 3].map((byte) => 4 * place + byte));
        this.code.push(op.simd, simd.shuffle, ...bytes);
        return this.keep();
      },
    };
    for (const name of Object.keys(instructions) as Instruction[]) {
      table[name] = (...operands: Local[]) => this.apply(instructions[name][1], operands);
    }
    return table as unknown as Vectors<Local>;
  }

  /** Four numbers at the address in a parameter plus the counter. */
  load(parameter: number): Local {
    this.get(parameter);
    this.get(this.counter);
    this.code.push(op.i32Add, op.simd, simd.load, 2, 0);
    return this.keep();
  }

  /** The number at the address in a parameter plus so many bytes, four times. */
  loadSame(parameter: number, offset = 0): Local {
    this.head.push(op.localGet, ...unsigned(parameter));
    this.head.push(op.simd, simd.load32Splat, 2, ...unsigned(offset));
    return this.keep(this.head);
  }

  store(parameter: number, value: Local): void {
    this.get(parameter);
    this.get(this.counter);
    this.code.push(op.i32Add);
    this.get(value);
    this.code.push(op.simd, simd.store, 2, 0);
  }

  /** Notes where the mask is set that this loop cannot compute the element: the function then returns 1. */
  reject(mask: Local): void {
    // A local variable is zero at first.
    this.rejected ??= (this.parameters + 1 + this.vectorCount++) as Local;
    this.get(this.rejected);
    this.get(mask);
    this.code.push(op.simd, ...unsigned(instructions.or[1]));
    this.code.push(op.localSet, ...unsigned(this.rejected));
  }

  /** Runs the body for counter = 0, 16, … below the number of bytes in a parameter. */
  loop(bytes: number, body: () => void): void {
    this.code.push(op.block, emptyBlock, op.loop, emptyBlock);
    this.get(this.counter);
    this.get(bytes);
    this.code.push(op.i32GeS, op.brIf, 1);
    body();
    this.get(this.counter);
    this.code.push(op.i32Const, 16, op.i32Add, op.localSet, ...unsigned(this.counter));
    this.code.push(op.br, 0, op.end, op.end);
  }

  /** The module: imports "memory" of "env", exports the function as "run". */
  module(): Uint8Array<ArrayBuffer> {
    const locals = [2, 1, type.i32, ...unsigned(this.vectorCount), type.v128];
    const parameters = new Array<number>(this.parameters).fill(type.i32);
    const result =
      this.rejected === null
        ? [op.i32Const, 0]
        : [op.localGet, ...unsigned(this.rejected), op.simd, simd.anyTrue];
    return new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [0x60, ...sized(parameters), 1, type.i32]),
      ...section(2, [...text("env"), ...text("memory"), 2, 1, 1, ...unsigned(mostPages)]),
      ...section(3, [0]),
      ...section(7, [...text("run"), 0, 0]),
      ...section(10, sized([...locals, ...this.head, ...this.code, ...result, op.end])),
    ]);
  }
}
