/**
 * Pointwise expressions over float32 in WebAssembly.
 *
 * For each expression and each manner in which its operands lie (consecutive, or the same number again and again) a
 * loop is written and compiled, once. Numbers pass through WebAssembly's memory block by block, in the cache; operands
 * with other strides are copied there in order first.
 *
 * Every primitive is computed in float32, with the error that its vector function states (vector/); the plain loops
 * compute in double precision and round once.
 */
import { copyStrided } from "../kernels/copy.ts";
import type { Expression, Input } from "../scalar/expression.ts";
import { exponentsOf, isWrittenOut, withNumber } from "../scalar/powers.ts";
import { anglesOf, toVectors, vectorCost } from "../scalar/webassembly.ts";
import { broadcastStrides } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Accelerator } from "./backend.ts";
import { acceleratorFor, isShared, paysToShare, teamFor } from "./backend.ts";
import { LoopWriter } from "./emitter.ts";
import type { LoopOfTeam } from "./pointwise-lies.ts";
import { blockLength, isOneNumber, layOf, lies, partLength } from "./pointwise-lies.ts";
import { computeRows, rowsOf } from "./pointwise-rows.ts";
import type { Scratch } from "./scratch.ts";
import type { Team } from "./threads/team.ts";
import { largestAngle } from "./vector/angles.ts";

/** From so many additions, or what costs as much, on copying the operands pays. */
const leastCost = 1 << 13;

/** From so many additions on, or what takes as long, several threads are faster; each element's way to memory counts. */
const leastForTeam = 1 << 20;
const costOfMemory = 4;
/** As many as a call of several threads has room for. */
const mostOperands = 10;

/** A compiled loop, and the bits of the constants that it reads. */
interface Loop {
  readonly run: Run;
  readonly constants: Int32Array;
}

type Run = (
  bytes: number,
  out: number,
  parameters: number,
  constants: number,
  ...operands: number[]
) => number;

/** The first parameters of a loop; the addresses of the operands follow. */
const bytesAt = 0;
const outAt = 1;
const parametersAt = 2;
const constantsAt = 3;
const operandsAt = 4;

export class AcceleratedPointwise {
  private readonly root: Expression;
  private readonly inputs: readonly Input[];
  private readonly parameterNames: readonly string[];
  private readonly cost: number;
  private readonly loops: (Loop | undefined)[] = [];
  private readonly loopsOfTeams: (LoopOfTeam | null | undefined)[] = [];
  private readonly ways: number[] = [];
  private readonly addresses: number[] = [];
  /** The places of inputs that are exponents, and the expressions for numbers in their place. */
  private readonly exponents: readonly number[];
  private readonly powers = new Map<number, AcceleratedPointwise>();

  constructor(root: Expression, inputs: readonly Input[], parameterNames: readonly string[]) {
    this.root = root;
    this.inputs = inputs;
    this.parameterNames = parameterNames;
    this.cost = vectorCost(root);
    this.exponents = exponentsOf(root).map((input) => inputs.indexOf(input));
  }

  /** The same expression with products for powers, where an exponent is a small whole number; `null` elsewhere. */
  private withProducts(operands: readonly Tensor[]): AcceleratedPointwise | null {
    for (const place of this.exponents) {
      const x = operands[place]!;
      if (!isOneNumber(x)) continue;
      const value = x.storage.data[x.offset]!;
      if (!isWrittenOut(value)) continue;
      const key = 16 * place + value;
      let power = this.powers.get(key);
      if (power === undefined) {
        const { root, inputs } = withNumber(this.root, this.inputs, this.inputs[place]!, value);
        power = new AcceleratedPointwise(root, inputs, this.parameterNames);
        this.powers.set(key, power);
      }
      return power;
    }
    return null;
  }

  /**
   * Fills `out`, which is contiguous, from the operands, which broadcast to its shape. False where plain loops are to
   * do it.
   */
  run(out: Tensor, operands: readonly Tensor[], parameters: readonly number[]): boolean {
    const { data } = out.storage;
    const length = out.numel();
    if (this.cost === 0 || length === 0 || !(data instanceof Float32Array)) return false;
    if (this.exponents.length > 0) {
      const products = this.withProducts(operands);
      if (products !== null) return products.run(out, operands, parameters);
    }
    const accelerator = acceleratorFor(length * this.cost, leastCost);
    if (accelerator === null) return false;
    let gathered = 0;
    let period = 1;
    let key = 0;
    let missing = isShared(data) ? 0 : length;
    let numbers = length;
    for (let i = 0; i < operands.length; i++) {
      const x = operands[i]!;
      if (x.dtype !== "float32" && x.dtype !== "bool") return false;
      let way = layOf(x, out);
      if (way === lies.periodic) {
        // One period at a time; those of the others must be the same.
        if (period === 1) period = x.numel();
        else if (period !== x.numel()) way = lies.elsewhere;
      }
      if (way === lies.elsewhere) gathered += length;
      if (way === lies.consecutive) {
        numbers += length;
        if (!isShared(x.storage.data)) missing += length;
      }
      this.ways[i] = way;
      key = key * 2 + (way === lies.constant ? 1 : 0);
    }
    if (gathered > 0) {
      const done = this.runInRows(out, operands, parameters);
      if (done !== null) return done;
    }
    if (gathered === 0 && paysToShare(missing, numbers)) {
      const work = length * (this.cost + costOfMemory);
      const team = teamFor(work, leastForTeam, missing === 0);
      const done = team && this.runTogether(team, key, period, missing, out, operands, parameters);
      if (done !== null) return done;
    }
    const { scratch } = accelerator;
    const loop = this.loopFor(key, operands.length, accelerator);
    const most = Math.min(length, blockLength - (blockLength % period));
    const room =
      gathered + (operands.length + 1) * most + parameters.length + loop.constants.length;
    if (!scratch.begin(room, operands.length + 3)) return false;
    return this.pass(accelerator, loop, most, data, out, operands, parameters);
  }

  /**
   * The same by several threads, in shared memory. Whether the loop took all elements; `null`, with nothing done, where
   * one thread is to do it.
   */
  private runTogether(
    team: Team,
    key: number,
    period: number,
    missing: number,
    out: Tensor,
    operands: readonly Tensor[],
    parameters: readonly number[],
  ): boolean | null {
    const { ways, addresses } = this;
    const { crew, scratch } = team;
    const data = out.storage.data as Float32Array;
    const length = out.numel();
    // Vectors reach beyond the end of a part: into room that is nobody's, or not at all.
    if (length % 4 !== 0 && out.offset + length !== data.length) return null;
    const whole = period % 4 === 0 ? period : period % 2 === 0 ? 2 * period : 4 * period;
    if (whole > partLength) return null;
    const most = Math.min(length, partLength - (partLength % whole));
    const loop = this.loopOfTeam(key, operands.length, team);
    if (loop === null) return null;
    const { constants } = loop;
    const room = missing + operands.length * (period === 1 ? 1 : most);
    const numbers = room + parameters.length + constants.length;
    if (!crew.begin(numbers, operands.length + 3, 0, 0)) return null;
    const parameterAddress = scratch.take(parameters.length);
    scratch.floats.set(parameters, parameterAddress >> 2);
    const constantAddress = scratch.take(constants.length);
    scratch.words.set(constants, constantAddress >> 2);
    const target = scratch.target(data, out.offset, length);
    for (let i = 0; i < operands.length; i++) {
      const x = operands[i]!;
      const numbers = x.storage.data;
      if (ways[i] === lies.constant) {
        addresses[i] = scratch.take(1);
        scratch.floats[addresses[i]! >> 2] = numbers[x.offset]!;
      } else if (ways[i] === lies.periodic) {
        addresses[i] = putAgainAndAgain(scratch, x, most);
      } else if (numbers instanceof Float32Array) {
        addresses[i] = scratch.put(numbers, x.offset, x.offset + length);
      } else {
        addresses[i] = scratch.take(length);
        const part = numbers.subarray(x.offset, x.offset + length);
        scratch.floats.set(part, addresses[i]! >> 2);
      }
    }
    for (let start = 0; start < length; start += most) {
      const bytes = 4 * ((Math.min(most, length - start) + 3) & -4);
      const at = operands.map((_, i) =>
        ways[i] === lies.consecutive ? addresses[i]! + 4 * start : addresses[i]!,
      );
      crew.call(loop.id, 0, [bytes, target + 4 * start, parameterAddress, constantAddress, ...at]);
      crew.part();
    }
    if (crew.run() !== 0) return false;
    scratch.get(target, length, data, out.offset);
    return true;
  }

  /**
   * The same where operands that lie elsewhere are one number for each row of the result. Whether the loop took all
   * elements; `null`, with nothing done, where the numbers are to be gathered.
   */
  private runInRows(
    out: Tensor,
    operands: readonly Tensor[],
    parameters: readonly number[],
  ): boolean | null {
    const rows = rowsOf(out, operands, this.ways);
    if (rows === null || !paysToShare(rows.missing, rows.numbers)) return null;
    const work = out.numel() * (this.cost + costOfMemory);
    const team = teamFor(work, leastForTeam, rows.missing === 0);
    if (team === null) return null;
    let key = 0;
    for (const way of rows.ways)
      key = key * 2 + (way === lies.constant || way === lies.constantInRows ? 1 : 0);
    const loop = this.loopOfTeam(key, operands.length, team);
    return loop && computeRows(team, loop, rows, out, operands, parameters);
  }

  private pass(
    { scratch }: Accelerator,
    { run, constants }: Loop,
    most: number,
    data: Float32Array,
    out: Tensor,
    operands: readonly Tensor[],
    parameters: readonly number[],
  ): boolean {
    const { ways, addresses } = this;
    const length = out.numel();
    const parameterAddress = scratch.take(parameters.length);
    scratch.floats.set(parameters, parameterAddress >> 2);
    const constantAddress = scratch.take(constants.length);
    scratch.words.set(constants, constantAddress >> 2);
    const target = scratch.take(most);
    for (let i = 0; i < operands.length; i++) {
      const x = operands[i]!;
      const address = scratch.take(ways[i] === lies.elsewhere ? length : most);
      addresses[i] = address;
      if (ways[i] === lies.constant) {
        scratch.floats[address >> 2] = x.storage.data[x.offset]!;
      } else if (ways[i] === lies.periodic) {
        repeat(scratch, address, x, most);
      } else if (ways[i] === lies.elsewhere) {
        const strides = broadcastStrides(x.shape, x.strides, out.shape);
        copyStrided(scratch.floats, address >> 2, x.storage.data, x.offset, out.shape, strides);
      }
    }
    for (let start = 0; start < length; start += most) {
      const count = Math.min(most, length - start);
      for (let i = 0; i < operands.length; i++) {
        if (ways[i] !== lies.consecutive) continue;
        const x = operands[i]!;
        const { data: numbers } = x.storage;
        const first = x.offset + start;
        if (numbers instanceof Float32Array)
          scratch.putAt(addresses[i]!, numbers, first, first + count);
        else scratch.floats.set(numbers.subarray(first, first + count), addresses[i]! >> 2);
      }
      // What the last vector holds beyond the end is computed too, and left there.
      const bytes = 4 * ((count + 3) & -4);
      const refused = call(
        run,
        bytes,
        target,
        parameterAddress,
        constantAddress,
        addresses,
        operands.length,
      );
      if (refused !== 0) return false;
      scratch.get(target, count, data, out.offset + start);
      for (let i = 0; i < operands.length; i++)
        if (ways[i] === lies.elsewhere) addresses[i] = addresses[i]! + 4 * most;
    }
    return true;
  }

  /** The loop for a choice of operands that are one number; those are the ones in the binary digits of the key. */
  private loopFor(key: number, count: number, accelerator: Accelerator): Loop {
    const place = 2 * key + (accelerator.relaxed ? 1 : 0);
    let loop = this.loops[place];
    if (loop === undefined) {
      const isConstant = (i: number) => ((key >> (count - 1 - i)) & 1) === 1;
      loop = this.compile(isConstant, accelerator);
      this.loops[place] = loop;
    }
    return loop;
  }

  private loopOfTeam(key: number, count: number, team: Team): LoopOfTeam | null {
    const place = 2 * key + (team.relaxed ? 1 : 0);
    let loop = this.loopsOfTeams[place];
    if (loop === undefined) {
      const writer = this.write((i) => ((key >> (count - 1 - i)) & 1) === 1, team.relaxed);
      const id = count <= mostOperands ? team.crew.publish(writer.module())?.run : undefined;
      loop = id === undefined ? null : { id, constants: Int32Array.from(writer.constants) };
      this.loopsOfTeams[place] = loop;
    }
    return loop;
  }

  private compile(isConstant: (i: number) => boolean, accelerator: Accelerator): Loop {
    const writer = this.write(isConstant, accelerator.relaxed);
    const { run } = accelerator.scratch.instantiate(writer.module()) as { run: Run };
    return { run, constants: Int32Array.from(writer.constants) };
  }

  private write(isConstant: (i: number) => boolean, relaxed: boolean): LoopWriter {
    const { root, inputs, parameterNames } = this;
    const writer = new LoopWriter(operandsAt + inputs.length, constantsAt, relaxed);
    const { vectors } = writer;
    writer.loop(bytesAt, () => {
      const values = toVectors([root], vectors, (part) => {
        if (part.kind === "parameter")
          return writer.loadSame(parametersAt, 4 * parameterNames.indexOf(part.name));
        const i = inputs.indexOf(part);
        return isConstant(i) ? writer.loadSame(operandsAt + i) : writer.load(operandsAt + i);
      });
      for (const angle of anglesOf(root)) {
        const magnitude = vectors.abs(values.get(angle)!);
        writer.reject(vectors.gt(magnitude, vectors.number(largestAngle)));
      }
      writer.store(outAt, values.get(root)!);
    });
    return writer;
  }
}

/** Fills so many numbers with a tensor's, again and again. */
function repeat(scratch: Scratch, address: number, x: Tensor, most: number): void {
  const period = x.numel();
  const first = address >> 2;
  scratch.floats.set(x.storage.data.subarray(x.offset, x.offset + period), first);
  // Doubling what is there.
  for (let held = period; held < most; held *= 2)
    scratch.floats.copyWithin(first + held, first, first + Math.min(held, most - held));
}

function putAgainAndAgain(scratch: Scratch, x: Tensor, most: number): number {
  const address = scratch.take(most);
  repeat(scratch, address, x, most);
  return address;
}

/** Calls a loop without making an array of its arguments, for as many operands as most expressions have. */
function call(
  run: Run,
  bytes: number,
  target: number,
  parameters: number,
  constants: number,
  operands: readonly number[],
  count: number,
): number {
  const [a, b, c] = operands;
  switch (count) {
    case 1:
      return run(bytes, target, parameters, constants, a!);
    case 2:
      return run(bytes, target, parameters, constants, a!, b!);
    case 3:
      return run(bytes, target, parameters, constants, a!, b!, c!);
    default:
      return run(bytes, target, parameters, constants, ...operands.slice(0, count));
  }
}
