/**
 * Which kernels compute: plain loops, which define every result, or WebAssembly SIMD, which is faster.
 *
 * WebAssembly is started on the first work that is large enough to be worth it. Where it is missing, forbidden or
 * without SIMD the plain loops do everything.
 */
import type { TypedArray } from "../dtype.ts";
import { ArgumentError, ChainruleError, checkInteger, quoted } from "../errors.ts";
import type { Kernels } from "./kernels.ts";
import { plainModule, relaxedModule } from "./modules.generated.ts";
import { OwnGround, Scratch } from "./scratch.ts";
import { environmentVariable, processorCount } from "./threads/start.ts";
import { Crew, Team } from "./threads/team.ts";
import { isTileTall, kernelsAmong } from "./tiles.ts";

/**
 * `"auto"`: accelerated kernels for float32 work that is large enough, where they can run. `"reference"`: plain loops
 * only. `"wasm"`: accelerated kernels for work of any size, for tests.
 */
export type BackendName = "auto" | "reference" | "wasm";

/** What {@link backendInfo} tells. */
export interface BackendInfo {
  /** What was asked for. */
  readonly setting: BackendName;
  /** Which kernels large float32 work runs on. */
  readonly inUse: "reference" | "wasm";
  /** Whether multiplication and addition are one instruction, which rounds once. */
  readonly relaxed: boolean;
  /** How many threads compute large work. */
  readonly threads: number;
  /** How many of them have been started, beside the calling one. */
  readonly workers: number;
  /** The bytes of WebAssembly memory that are held. */
  readonly memory: number;
  /** Whether results have the same bits on all machines with WebAssembly SIMD; see {@link setDeterministic}. */
  readonly deterministic: boolean;
  /** Why, in a sentence or two. */
  readonly reason: string;
}

/** What accelerated kernels need. */
export interface Accelerator {
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  readonly relaxed: boolean;
  /** Whether left factors are multiplied with where they lie, if their rows lie in one piece. */
  readonly isTileTall: boolean;
}

/** What came of starting WebAssembly. */
interface Start {
  readonly accelerator: Accelerator | null;
  readonly module: Uint8Array<ArrayBuffer> | null;
  readonly reason: string;
}

/** What came of asking for shared memory. */
interface Hiring {
  readonly crew: Crew | null;
  readonly reason: string;
}

let setting: BackendName = settingFromEnvironment();
let deterministic = false;
/** By whether results are to be the same everywhere. */
const starts: { deterministic?: Start; fastest?: Start } = {};
/** The memory of a single thread's kernels. */
let scratch: Scratch | undefined;
const teams: { deterministic?: Team; fastest?: Team } = {};

/** More threads than these wait for memory, and for one another. */
const mostByDefault = 8;
const mostThreads = 64;
/** So much work, in products of a matrix product, has to come together before workers are started: some 2 ms. */
const workForWorkers = 2 ** 26;

/** How many threads were asked for; `undefined`: as many as there are processors. */
let threads: number | undefined = threadsFromEnvironment();
let hiring: Hiring | undefined;
let workSeen = 0;

/** CHAINRULE_BACKEND, where there are environment variables: so that a whole test suite can be run on one backend. */
function settingFromEnvironment(): BackendName {
  const wanted = environmentVariable("CHAINRULE_BACKEND");
  return wanted === "reference" || wanted === "wasm" ? wanted : "auto";
}

function threadsFromEnvironment(): number | undefined {
  const wanted = Number(environmentVariable("CHAINRULE_THREADS") || undefined);
  return Number.isInteger(wanted) && wanted >= 1 ? Math.min(wanted, mostThreads) : undefined;
}

function threadCount(): number {
  threadsByDefault ??= Math.min(processorCount(), mostByDefault);
  return threads ?? threadsByDefault;
}

let threadsByDefault: number | undefined;

function started(): Start {
  const key = deterministic ? "deterministic" : "fastest";
  starts[key] ??= start(deterministic ? [false] : [true, false]);
  return starts[key];
}

function start(variants: readonly boolean[]): Start {
  const without = { accelerator: null, module: null };
  if (typeof WebAssembly !== "object")
    return { ...without, reason: "There is no WebAssembly here." };
  try {
    for (const relaxed of variants) {
      const module = bytesOf(relaxed ? relaxedModule : plainModule);
      if (!WebAssembly.validate(module)) continue;
      scratch ??= new Scratch(new OwnGround());
      const exports = scratch.instantiate(module) as Record<string, Kernels[keyof Kernels]>;
      const kernels = kernelsAmong(exports) as Kernels;
      const reason = relaxed
        ? "WebAssembly SIMD with relaxed multiply-add."
        : deterministic
          ? "WebAssembly SIMD without relaxed multiply-add, as setDeterministic(true) asks."
          : "WebAssembly SIMD; this engine has no relaxed multiply-add.";
      const accelerator = { kernels, scratch, relaxed, isTileTall: isTileTall(relaxed) };
      return { accelerator, module, reason };
    }
    return { ...without, reason: "WebAssembly has no SIMD here." };
  } catch (error) {
    return { ...without, reason: `WebAssembly could not be started: ${messageOf(error)}` };
  }
}

function hire(): Hiring {
  if (typeof SharedArrayBuffer !== "function") {
    const why = "memory cannot be shared here (a page has to be cross-origin isolated)";
    return { crew: null, reason: why };
  }
  try {
    return { crew: new Crew(), reason: "" };
  } catch (error) {
    return { crew: null, reason: `shared memory could not be had: ${messageOf(error)}` };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * The accelerated kernels, if they are to do work of this size; `least` is the size from which on they are faster than
 * plain loops, copying included.
 */
export function acceleratorFor(size: number, least: number): Accelerator | null {
  if (size < least && setting !== "wasm") return null;
  if (setting === "reference") return null;
  return started().accelerator;
}

/**
 * The kernels that work in shared memory: where there are several threads and the work is at least so much, in products
 * or what takes as long, or where the numbers lie in that memory already. `null` where one thread is to copy them.
 */
export function teamFor(work: number, least: number, isThere = false): Team | null {
  const isEnough = work >= least || isTrying();
  if (!(isEnough || isThere) || setting === "reference") return null;
  const count = threadCount();
  if (threads === undefined && workSeen < workForWorkers) {
    workSeen += work;
    if (!isThere) return null;
  }
  const team = presentTeam();
  team?.crew.prepare(count, isEnough && (threads !== undefined || workSeen >= workForWorkers));
  return team;
}

/** Whether work of any size is for several threads: in tests that ask for it. */
function isTrying(): boolean {
  return setting === "wasm" && threads !== undefined;
}

/** Whether it pays to copy so many of all numbers to shared memory for a few operations each. */
export function paysToShare(missing: number, numbers: number): boolean {
  return 2 * missing <= numbers || isTrying();
}

/** The team for the present settings; `null` where there can be none. */
function presentTeam(): Team | null {
  const { module } = started();
  hiring ??= hire();
  const { crew } = hiring;
  if (module === null || crew === null || crew.lost) return null;
  const key = deterministic ? "deterministic" : "fastest";
  try {
    teams[key] ??= new Team(crew, module, started().accelerator!.relaxed);
  } catch (error) {
    hiring = { crew: null, reason: messageOf(error) };
    return null;
  }
  return teams[key];
}

/** Smaller arrays are copied into the shared memory in a few microseconds, when they are needed there. */
const leastShared = 1 << 14;
/** The most bytes of arrays in shared memory; what exceeds it lies on the heap of the engine. */
const mostShared = 2 ** 30;
/**
 * The most when only the collector of garbage can tell when they come back: in a loop without pauses it never does. Where
 * it has given back so much it is trusted with as much more.
 */
const mostUntilCollected = 2 ** 26;
const mostTrusted = 2 ** 28;

/**
 * An array of zeros where threads can reach it, if that is possible and worth while; `isGivenBack` when the engine knows
 * when it is no longer needed.
 */
export function sharedNumbers(
  dtype: "float32" | "int32",
  length: number,
  isGivenBack: boolean,
): Float32Array | Int32Array | null {
  if (length < leastShared || setting === "reference") return null;
  const crew = presentTeam()?.crew;
  if (crew === undefined) return null;
  const trusted = Math.min(mostUntilCollected + crew.returned, mostTrusted);
  return crew.array(dtype, length, isGivenBack ? mostShared : trusted);
}

/** Whether all of these arrays lie in shared memory, and hold float32 numbers. */
export function isShared(...arrays: readonly TypedArray[]): boolean {
  for (const data of arrays)
    if (!(data instanceof Float32Array && liesInShared(data))) return false;
  return true;
}

/** Whether an array of any type lies in shared memory. */
export function liesInShared(data: TypedArray): boolean {
  return (hiring?.crew?.scratch.addressOf(data) ?? 0) !== 0;
}

/** Sets an array to 0. */
export function clearArray(data: TypedArray): void {
  if (hiring?.crew?.clear(data) !== true) data.fill(0);
}

/** Fewer elements than these are left to plain loops without a further question. */
const fewElements = 256;

/** Whether accelerated kernels could be asked to compute so many elements: cheap, for hot paths. */
export function mayAccelerate(elements: number): boolean {
  return elements >= fewElements || setting === "wasm";
}

/**
 * Tells which kernels compute, and why: whether WebAssembly SIMD is in use, and if it is not, what stands in the way.
 *
 * @example
 * import { backendInfo, setBackend } from "@chainrule/core";
 * setBackend("reference");
 * backendInfo().inUse; // → reference
 * backendInfo().reason; // → setBackend("reference") asks for plain loops.
 * setBackend("auto");
 */
export function backendInfo(): BackendInfo {
  if (setting === "reference") {
    return {
      setting,
      inUse: "reference",
      relaxed: false,
      threads: 1,
      workers: 0,
      memory: 0,
      deterministic,
      reason: 'setBackend("reference") asks for plain loops.',
    };
  }
  const { accelerator, reason } = started();
  const alone = accelerator === null ? "" : whyAlone();
  const shared = hiring?.crew?.scratch.bytes ?? 0;
  return {
    setting,
    inUse: accelerator === null ? "reference" : "wasm",
    relaxed: accelerator?.relaxed ?? false,
    threads: accelerator === null || alone !== "" ? 1 : threadCount(),
    workers: accelerator === null || alone !== "" ? 0 : (hiring?.crew?.ready ?? 0),
    memory: accelerator === null ? 0 : accelerator.scratch.bytes + shared,
    deterministic,
    reason: alone === "" ? reason : `${reason} One thread: ${alone}.`,
  };
}

/** Why there is one thread only; "" if there are more. */
function whyAlone(): string {
  const count = threadCount();
  if (count === 1) return threads === 1 ? "setThreads(1) asks for it" : "there is one processor";
  hiring ??= hire();
  return hiring.crew?.trouble ?? hiring.reason;
}

/**
 * Sets how many threads compute, the calling one among them: 1 does without workers. Without it as many as there are
 * processors, at most 8. Results have the same bits for any number.
 *
 * Workers are started when there is first enough work for them, and never keep a program from ending. Where memory cannot
 * be shared, or workers are forbidden, one thread computes, and {@link backendInfo} says why. The environment variable
 * `CHAINRULE_THREADS` sets the number at the start.
 *
 * @returns how many it was before
 * @throws {ArgumentError} for anything but a whole number from 1 to 64.
 * @example
 * import { backendInfo, setThreads } from "@chainrule/core";
 * const before = setThreads(1);
 * backendInfo().threads; // → 1
 * setThreads(before);
 */
export function setThreads(count: number): number {
  checkInteger("setThreads", "the number of threads", count, 1, mostThreads);
  const before = threadCount();
  threads = count;
  return before;
}

/**
 * Whether float32 results are to have the same bits on machines with and without relaxed multiply-add, which rounds once
 * where a product and a sum round twice. Deterministic results take longer, by a third in matrix products.
 *
 * With or without it the same program gives the same bits each time on one machine, with any number of threads.
 *
 * @returns what was set before
 * @throws {ArgumentError} for anything but true and false.
 * @example
 * import { backendInfo, setDeterministic } from "@chainrule/core";
 * setDeterministic(true); // → false
 * backendInfo().relaxed; // → false
 * setDeterministic(false); // → true
 */
export function setDeterministic(on: boolean): boolean {
  if (typeof on !== "boolean") {
    throw new ArgumentError(`setDeterministic: expected true or false, not ${quoted(on)}.`, { on });
  }
  const before = deterministic;
  deterministic = on;
  return before;
}

/**
 * Chooses the kernels: `"auto"` (the default), `"reference"` or `"wasm"`; see {@link BackendName}. Results agree within
 * rounding. The environment variable `CHAINRULE_BACKEND` sets it at the start.
 *
 * @returns what was set before
 * @throws {ArgumentError} for another name.
 * @throws {ChainruleError} for `"wasm"` where WebAssembly SIMD cannot run; the setting stays what it was.
 * @example
 * import { setBackend } from "@chainrule/core";
 * setBackend("reference"); // → auto
 * setBackend("auto"); // → reference
 */
export function setBackend(name: BackendName): BackendName {
  if (name !== "auto" && name !== "reference" && name !== "wasm") {
    throw new ArgumentError(
      `setBackend: expected "auto", "reference" or "wasm", not ${quoted(name)}.`,
      { name },
    );
  }
  if (name === "wasm") {
    const { accelerator, reason } = started();
    if (accelerator === null) {
      throw new ChainruleError(
        `setBackend: "wasm" cannot run here. ${reason} Use "auto", which does without.`,
        { reason },
      );
    }
  }
  const before = setting;
  setting = name;
  return before;
}
