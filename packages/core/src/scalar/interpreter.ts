/**
 * Scalar expressions evaluated without generating code, for places that forbid it.
 *
 * The expression becomes a list of instructions over registers, and each instruction runs over a block of elements
 * before the next one does, which keeps the cost of interpreting small. Registers are float64, as are the temporaries of
 * generated code, so both give the same bits.
 */
import type { Expression } from "./expression.ts";
import { inOrder } from "./expression.ts";
import type { PrimitiveLiteral } from "./primitives.ts";
import { primitives } from "./primitives.ts";

/** Elements in a block: the registers of a formula stay in the first cache. */
const blockLength = 256;

interface Instruction {
  readonly evaluate: (...operands: number[]) => number;
  readonly operands: readonly number[];
  readonly target: number;
}

/** Reads an operand's elements `start … start + count − 1` into a register. */
export type Load = (register: Float64Array, start: number, count: number) => void;

export class InterpretedExpression {
  private readonly instructions: Instruction[] = [];
  private readonly inputs: { readonly index: number; readonly register: number }[] = [];
  private readonly parameters: { readonly name: string; readonly register: number }[] = [];
  private readonly registers: Float64Array[] = [];
  private readonly result: number;

  /** With `whole` the result is int32. */
  constructor(root: Expression, whole: boolean) {
    const place = new Map<Expression, number>();
    for (const part of inOrder([root])) {
      const register = this.registers.length;
      place.set(part, register);
      this.registers.push(new Float64Array(blockLength));
      if (part.kind === "constant") this.registers[register]!.fill(part.value);
      else if (part.kind === "input") this.inputs.push({ index: part.index, register });
      else if (part.kind === "parameter") this.parameters.push({ name: part.name, register });
      else {
        const primitive: PrimitiveLiteral<1 | 2 | 3> = primitives[part.primitive];
        this.instructions.push({
          evaluate: ((whole ? primitive.whole : undefined) ?? primitive).evaluate,
          operands: part.operands.map((operand) => place.get(operand)!),
          target: register,
        });
      }
    }
    this.result = place.get(root)!;
  }

  /** Evaluates `count` elements; `loads` are the operands by index, `store` takes the results block by block. */
  run(
    count: number,
    loads: readonly Load[],
    parameters: ReadonlyMap<string, number>,
    store: (values: Float64Array, start: number, count: number) => void,
  ): void {
    for (const { name, register } of this.parameters)
      this.registers[register]!.fill(parameters.get(name)!);
    for (let start = 0; start < count; start += blockLength) {
      const length = Math.min(blockLength, count - start);
      for (const { index, register } of this.inputs)
        loads[index]!(this.registers[register]!, start, length);
      for (const { evaluate, operands, target } of this.instructions) {
        const out = this.registers[target]!;
        const a = this.registers[operands[0]!]!;
        const b = this.registers[operands[1] ?? operands[0]!]!;
        const c = this.registers[operands[2] ?? operands[0]!]!;
        for (let i = 0; i < length; i++) out[i] = evaluate(a[i]!, b[i]!, c[i]!);
      }
      store(this.registers[this.result]!, start, length);
    }
  }
}
