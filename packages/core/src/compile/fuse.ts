/**
 * Several pointwise calls in one: their expressions are put into one another, so that what is between them never reaches
 * memory.
 */

import { isFloating } from "../dtype.ts";
import { canGenerateCode } from "../kernels/specialize.ts";
import { inOrder } from "../scalar/expression.ts";
import { vectorCost } from "../scalar/webassembly.ts";
import { isRowMajor, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { PointwiseCall } from "./formula.ts";
import { Formula } from "./formula.ts";
import { loopOf, numbersOf } from "./fused-call.ts";
import type { Operand, Program, ProgramCall } from "./program.ts";

/** A loop reads at most so many operands, and computes so many primitives: registers and compilers have their limits. */
const mostOperands = 8;
const mostPrimitives = 100;

/** The program with runs of pointwise calls in one. `isConstant` tells constants from tensors from outside. */
export function fused(program: Program, isConstant: (x: Tensor) => boolean): Program {
  const numbers = canGenerateCode() ? withNumbersTogether(program, isConstant) : program;
  return withLoopsTogether(numbers, isConstant);
}

function isPointwise(call: ProgramCall): call is PointwiseCall {
  if (call.op === null || !("inputs" in call.op) || call.results.length !== 1) return false;
  const { dtype } = call.results[0]!;
  return isFloating(dtype) && call.operands.every((x) => x.dtype === dtype || x.dtype === "bool");
}

/** For each slot, the calls that read it; −1 stands for whoever is given the results. */
function usersOf({ calls, outputs, accumulations }: Program): ReadonlyMap<number, Set<number>> {
  const users = new Map<number, Set<number>>();
  const use = (operand: Operand, by: number): void => {
    if (operand instanceof Tensor) return;
    const known = users.get(operand.slot);
    if (known === undefined) users.set(operand.slot, new Set([by]));
    else known.add(by);
  };
  for (const [at, call] of calls.entries()) for (const operand of call.operands) use(operand, at);
  for (const operand of outputs) use(operand, -1);
  for (const { cotangent } of accumulations) use(cotangent, -1);
  return users;
}

/** Calls that follow one another and compute single numbers are one function, which gives what others read. */
function withNumbersTogether(program: Program, isConstant: (x: Tensor) => boolean): Program {
  const users = usersOf(program);
  const calls: ProgramCall[] = [];
  const { length } = program.calls;
  const isNumber = (call: ProgramCall): call is PointwiseCall =>
    isPointwise(call) &&
    call.results[0]!.shape.length === 0 &&
    call.operands.every((x) => x.shape.length === 0);
  for (let start = 0, end = 0; start < length; start = end) {
    const group: PointwiseCall[] = [];
    for (end = start; end < length; end++) {
      const call = program.calls[end]!;
      if (!isNumber(call)) break;
      group.push(call);
    }
    if (group.length < 2) {
      end = start + 1;
      calls.push(program.calls[start]!);
      continue;
    }
    const read = group.filter(({ results }) =>
      [...(users.get(results[0]!.slot) ?? [])].some((user) => user < start || user >= end),
    );
    calls.push(numbersOf(group, read, isConstant));
  }
  return { ...program, calls };
}

/** A call whose result only pointwise calls of the same shape read, in one place, is done by them. */
function withLoopsTogether(program: Program, isConstant: (x: Tensor) => boolean): Program {
  const users = usersOf(program);
  const makers = new Map<number, number>();
  for (const [at, { results }] of program.calls.entries())
    for (const { slot } of results) makers.set(slot, at);
  const calls: (ProgramCall | null)[] = program.calls.slice();
  for (let at = calls.length - 1; at >= 0; at--) {
    const root = calls[at];
    if (!root || !isPointwise(root)) continue;
    const group = new Map<number, PointwiseCall>([[at, root]]);
    // Each call that joins may let another one join.
    for (let before = 0; before !== group.size; ) {
      before = group.size;
      for (const { operands } of group.values()) {
        for (const operand of operands) {
          if (operand instanceof Tensor) continue;
          const maker = makers.get(operand.slot);
          const call = maker === undefined ? null : calls[maker];
          if (!call || group.has(maker!) || !isPointwise(call)) continue;
          const isOnlyRead = [...users.get(operand.slot)!].every((user) => group.has(user));
          const isFree = !calls.slice(maker, at).some((between) => changesFor(between, call));
          if (isOnlyRead && isFree && mayJoin(call, group, isConstant)) group.set(maker!, call);
        }
      }
    }
    if (group.size === 1) continue;
    const members = [...group].sort(([a], [b]) => a - b).map(([, call]) => call);
    for (const member of group.keys()) calls[member] = null;
    calls[at] = loopOf(members, new Formula(members, isConstant), root);
  }
  return { ...program, calls: calls.filter((call) => call !== null) };
}

/** Whether one call changes what the other reads, so that they must stay in this order. */
function changesFor(one: ProgramCall | null, other: ProgramCall): boolean {
  const changed = one?.changes?.storage;
  return (
    changed !== undefined &&
    other.operands.some((x) => x instanceof Tensor && x.storage === changed)
  );
}

/** Whether a loop of the group and one call more is a good loop. */
function mayJoin(
  call: PointwiseCall,
  group: ReadonlyMap<number, PointwiseCall>,
  isConstant: (x: Tensor) => boolean,
): boolean {
  const [made] = call.results;
  for (const { operands, results } of group.values()) {
    if (!sameShape(results[0]!.shape, made!.shape)) return false;
    for (const x of operands)
      if (!(x instanceof Tensor) && x.slot === made!.slot && !liesLike(x, made!.shape))
        return false;
  }
  const members = [call, ...group.values()];
  const isVector = members.map(({ op }) => vectorCost(op.value) > 0);
  if (isVector.includes(true) && isVector.includes(false)) return false;
  const { root, operands } = new Formula(
    [call, ...[...group].sort(([a], [b]) => a - b).map(([, member]) => member)],
    isConstant,
  );
  // Kernels walk one operand in another order for each row; several would have to be copied first.
  const others = operands.filter((x) => sizeOf(x) > 1 && !liesLike(x, made!.shape));
  return (
    operands.length <= mostOperands &&
    others.length <= 1 &&
    inOrder([root]).length - operands.length <= mostPrimitives
  );
}

function sizeOf({ shape }: Operand): number {
  return shape.reduce((product, length) => product * length, 1);
}

function liesLike(x: Operand, shape: readonly number[]): boolean {
  return sameShape(x.shape, shape) && isRowMajor(shape, x.strides);
}
