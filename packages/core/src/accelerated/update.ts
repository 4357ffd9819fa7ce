/**
 * Updates of several arrays at once, element by element, in WebAssembly: the steps of optimizers.
 */
import type { TypedArray } from "../dtype.ts";
import type { Expression } from "../scalar/expression.ts";
import { ExpressionBuilder } from "../scalar/expression.ts";
import type { ScalarAlgebra } from "../scalar/primitives.ts";
import { anglesOf, toVectors, vectorCost } from "../scalar/webassembly.ts";
import type { Accelerator } from "./backend.ts";
import { acceleratorFor, isShared, mayAccelerate, teamFor } from "./backend.ts";
import { LoopWriter } from "./emitter.ts";
import type { Team } from "./threads/team.ts";

/** Elements that pass through at a time. */
const blockLength = 4096;
/** From so many additions, or what costs as much, on copying the arrays pays. */
const leastCost = 1 << 11;

/** From so many additions on, or what takes as long, several threads are faster; each array's way to memory counts. */
const leastForTeam = 1 << 20;
const costOfMemory = 2;
/** Elements that a thread takes at a time. */
const partLength = 1 << 14;
/** As many as a call of several threads has room for. */
const mostArrays = 11;

/** The first parameters of the loop; the addresses of the arrays follow. */
const bytesAt = 0;
const parametersAt = 1;
const constantsAt = 2;
const arraysAt = 3;

/** What an update is declared by. */
export interface UpdateLiteral<Arrays extends string, Parameters extends string> {
  /** The names of the arrays, all of which are read. */
  readonly arrays: readonly Arrays[];
  /** The names of the numbers that belong to a call. */
  readonly parameters: readonly Parameters[];
  /** The new elements of those arrays that change, as expressions of the old ones. */
  readonly values: (
    s: ScalarAlgebra<Expression>,
    arrays: Readonly<Record<Arrays, Expression>>,
    parameters: Readonly<Record<Parameters, Expression>>,
  ) => { readonly [A in Arrays]?: Expression };
}

/**
 * Changes the first `length` elements of each array from its start on. False, with nothing done, where plain loops are
 * to do it: for other types than float32, for few elements, and where there is no WebAssembly.
 */
export type AcceleratedUpdate = (
  arrays: readonly TypedArray[],
  starts: readonly number[],
  length: number,
  parameters: readonly number[],
) => boolean;

/** An update of several arrays at once, in WebAssembly; see `elementwiseUpdate`. Each element is computed in float32. */
export function acceleratedUpdate<const Arrays extends string, const Parameters extends string>(
  literal: UpdateLiteral<Arrays, Parameters>,
): AcceleratedUpdate {
  const { arrays: names, parameters: parameterNames } = literal;
  let prepared: Prepared | undefined;
  return (arrays, starts, length, parameters) => {
    // Who reads what another one changes, or changes what another one reads, comes after it.
    if (open !== null) {
      const { targets, arrays: all } = open;
      prepared ??= prepare(literal, names, parameterNames);
      const isTarget = ({ at }: { at: number }): boolean => all.has(arrays[at]!);
      if (arrays.some((data) => targets.has(data)) || prepared.results.some(isTarget))
        finishUpdates();
    }
    if (length === 0 || !mayAccelerate(length)) return false;
    for (const array of arrays) if (!(array instanceof Float32Array)) return false;
    prepared ??= prepare(literal, names, parameterNames);
    if (prepared.cost === 0) return false;
    const accelerator = acceleratorFor(length * prepared.cost, leastCost);
    if (accelerator === null) return false;
    const done = runTogether(prepared, parameterNames, arrays, starts, length, parameters);
    if (done) return true;
    const variant = accelerator.relaxed ? 1 : 0;
    prepared.loops[variant] ??= compile(prepared, parameterNames, accelerator);
    return run(accelerator, prepared, prepared.loops[variant], arrays, starts, length, parameters);
  };
}

interface Prepared {
  readonly inputs: readonly Expression[];
  /** The new elements, and the place of their array. */
  readonly results: readonly { readonly at: number; readonly value: Expression }[];
  readonly cost: number;
  /** Without and with relaxed multiply-add. */
  readonly loops: (Loop | undefined)[];
  /** The same for teams: the number of the function, −1 where there is none. */
  readonly loopsOfTeams: ({ readonly id: number; readonly constants: Int32Array } | undefined)[];
}

interface Loop {
  readonly run: (
    bytes: number,
    parameters: number,
    constants: number,
    ...arrays: number[]
  ) => number;
  readonly constants: Int32Array;
}

function prepare<Arrays extends string, Parameters extends string>(
  literal: UpdateLiteral<Arrays, Parameters>,
  names: readonly Arrays[],
  parameterNames: readonly Parameters[],
): Prepared {
  const builder = new ExpressionBuilder();
  const inputs = names.map((name, i) => builder.input(i, name));
  const parameters = parameterNames.map((name) => builder.parameter(name));
  const values = literal.values(
    builder.algebra,
    byName(names, inputs),
    byName(parameterNames, parameters),
  );
  const results = names.flatMap((name, at) => {
    const value = values[name];
    return value === undefined ? [] : [{ at, value }];
  });
  const roots = results.map(({ value }) => value);
  // Angles may be too large for vectors, which would be found out after other elements have changed.
  const cost = roots.some((root) => anglesOf(root).length > 0) ? 0 : vectorCost(...roots);
  return { inputs, results, cost, loops: [], loopsOfTeams: [] };
}

function byName<Name extends string, T>(
  names: readonly Name[],
  values: readonly T[],
): Record<Name, T> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, T>;
}

function compile(
  prepared: Prepared,
  parameterNames: readonly string[],
  { relaxed, scratch }: Accelerator,
): Loop {
  const writer = write(prepared, parameterNames, relaxed);
  const { run } = scratch.instantiate(writer.module()) as Pick<Loop, "run">;
  return { run, constants: Int32Array.from(writer.constants) };
}

function write(
  { inputs, results }: Prepared,
  parameterNames: readonly string[],
  relaxed: boolean,
): LoopWriter {
  const writer = new LoopWriter(arraysAt + inputs.length, constantsAt, relaxed);
  writer.loop(bytesAt, () => {
    const roots = results.map(({ value }) => value);
    const values = toVectors(roots, writer.vectors, (part) =>
      part.kind === "parameter"
        ? writer.loadSame(parametersAt, 4 * parameterNames.indexOf(part.name))
        : writer.load(arraysAt + inputs.indexOf(part)),
    );
    for (const { at, value } of results) writer.store(arraysAt + at, values.get(value)!);
  });
  return writer;
}

/** Updates that wait for others, to be done as one job. */
interface Open {
  readonly team: Team;
  /** What they change, and all that they read. */
  readonly targets: Set<TypedArray>;
  readonly arrays: Set<TypedArray>;
  readonly constants: Map<number, number>;
  parameters: { readonly values: readonly number[]; readonly address: number } | null;
  work: number;
  /** Numbers and pieces of room that are left. */
  numbers: number;
  pieces: number;
}

let open: Open | null = null;
/** Whether updates may wait. */
let isCollecting = false;

/** From now on updates of arrays in shared memory may wait for one another. Whether they could before. */
export function collectUpdates(mayWait: boolean): boolean {
  const before = isCollecting;
  isCollecting = mayWait;
  if (!mayWait) finishUpdates();
  return before;
}

/** Has all updates done that wait. Whether there were any. */
export function finishUpdates(): boolean {
  if (open === null) return false;
  const { team, work } = open;
  open = null;
  teamFor(work, leastForTeam, true);
  team.crew.endOpen();
  return true;
}

/** Room for the constants and parameters of so many numbers, in so many pieces. */
const openNumbers = 1 << 12;
const openPieces = 256;

/** The job that updates are added to, with room for one more. */
function openJob(team: Team, numbers: number): Open | null {
  if (open !== null && (open.team !== team || open.numbers < numbers || open.pieces < 2))
    finishUpdates();
  if (open !== null) return open;
  const room = Math.max(openNumbers, numbers);
  if (!team.crew.beginOpen(room, openPieces, finishUpdates)) return null;
  open = {
    team,
    targets: new Set(),
    arrays: new Set(),
    constants: new Map(),
    parameters: null,
    work: 0,
    numbers: room,
    pieces: openPieces,
  };
  return open;
}

/** Writes numbers to the room of a job. */
function putNumbers(job: Open, numbers: ArrayLike<number>, isWhole: boolean): number {
  const { scratch } = job.team;
  const address = scratch.take(numbers.length);
  (isWhole ? scratch.words : scratch.floats).set(numbers, address >> 2);
  job.numbers -= numbers.length;
  job.pieces--;
  return address;
}

function areSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** The update by several threads, where all arrays lie in shared memory. False, with nothing done, where they do not. */
function runTogether(
  prepared: Prepared,
  parameterNames: readonly string[],
  arrays: readonly TypedArray[],
  starts: readonly number[],
  length: number,
  parameters: readonly number[],
): boolean {
  if (arrays.length > mostArrays || !isShared(...arrays)) return false;
  // Vectors reach beyond the end: into room that is nobody's, or not at all.
  const isWhole = ({ at }: { at: number }): boolean =>
    length % 4 === 0 || starts[at]! + length === arrays[at]!.length;
  if (!prepared.results.every(isWhole)) return false;
  const work = length * (prepared.cost + costOfMemory * arrays.length);
  const team = teamFor(work, leastForTeam, true);
  if (team === null) return false;
  const variant = team.relaxed ? 1 : 0;
  if (prepared.loopsOfTeams[variant] === undefined) {
    const writer = write(prepared, parameterNames, team.relaxed);
    const id = team.crew.publish(writer.module())?.run ?? -1;
    prepared.loopsOfTeams[variant] = { id, constants: Int32Array.from(writer.constants) };
  }
  const { id, constants } = prepared.loopsOfTeams[variant];
  if (id < 0) return false;
  const job = openJob(team, constants.length + parameters.length);
  if (job === null) return false;
  const { crew, scratch } = team;
  let constantAddress = job.constants.get(id);
  if (constantAddress === undefined) {
    constantAddress = putNumbers(job, constants, true);
    job.constants.set(id, constantAddress);
  }
  if (job.parameters === null || !areSame(job.parameters.values, parameters))
    job.parameters = { values: parameters, address: putNumbers(job, parameters, false) };
  for (let at = 0; at < length; at += partLength) {
    const bytes = 4 * ((Math.min(partLength, length - at) + 3) & -4);
    const addresses = arrays.map((data, i) => scratch.addressOf(data) + 4 * (starts[i]! + at));
    crew.call(id, 0, [bytes, job.parameters.address, constantAddress, ...addresses]);
    crew.part();
  }
  for (const { at } of prepared.results) job.targets.add(arrays[at]!);
  for (const data of arrays) job.arrays.add(data);
  job.work += work;
  if (!isCollecting) finishUpdates();
  return true;
}

function run(
  { scratch }: Accelerator,
  { results }: Prepared,
  loop: Loop,
  arrays: readonly TypedArray[],
  starts: readonly number[],
  length: number,
  parameters: readonly number[],
): boolean {
  const { constants } = loop;
  const most = Math.min(length, blockLength);
  const numbers = arrays.length * most + parameters.length + constants.length;
  if (!scratch.begin(numbers, arrays.length + 2)) return false;
  const constantAddress = scratch.take(constants.length);
  scratch.words.set(constants, constantAddress >> 2);
  const parameterAddress = scratch.take(parameters.length);
  scratch.floats.set(parameters, parameterAddress >> 2);
  const addresses = arrays.map(() => scratch.take(most));
  for (let at = 0; at < length; at += most) {
    const count = Math.min(most, length - at);
    for (let i = 0; i < arrays.length; i++) {
      const from = starts[i]! + at;
      scratch.putAt(addresses[i]!, arrays[i] as Float32Array, from, from + count);
    }
    // What the last vector holds beyond the end is computed too, and left there.
    loop.run(4 * ((count + 3) & -4), parameterAddress, constantAddress, ...addresses);
    for (const result of results) {
      const target = arrays[result.at] as Float32Array;
      scratch.get(addresses[result.at]!, count, target, starts[result.at]! + at);
    }
  }
  return true;
}
