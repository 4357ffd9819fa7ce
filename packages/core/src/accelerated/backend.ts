/**
 * Which kernels compute: plain loops, which define every result, or WebAssembly SIMD, which is faster.
 *
 * WebAssembly is started on the first work that is large enough to be worth it. Where it is missing, forbidden or
 * without SIMD the plain loops do everything.
 */
import { ArgumentError, ChainruleError, quoted } from "../errors.ts";
import type { Kernels } from "./kernels.ts";
import { plainModule, relaxedModule } from "./modules.generated.ts";
import { Scratch } from "./scratch.ts";

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
  /** How many threads compute. */
  readonly threads: number;
  /** The bytes of WebAssembly memory that are held. */
  readonly memory: number;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** What accelerated kernels need. */
export interface Accelerator {
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  readonly relaxed: boolean;
}

/** What came of starting WebAssembly. */
interface Start {
  readonly accelerator: Accelerator | null;
  readonly reason: string;
}

let setting: BackendName = settingFromEnvironment();
let started: Start | undefined;

/** CHAINRULE_BACKEND, where there are environment variables: so that a whole test suite can be run on one backend. */
function settingFromEnvironment(): BackendName {
  const { process } = globalThis as {
    process?: { env?: Readonly<Record<string, string | undefined>> };
  };
  const wanted = process?.env?.CHAINRULE_BACKEND;
  return wanted === "reference" || wanted === "wasm" ? wanted : "auto";
}

function start(): Start {
  if (typeof WebAssembly !== "object")
    return { accelerator: null, reason: "There is no WebAssembly here." };
  try {
    for (const relaxed of [true, false]) {
      const bytes = bytesOf(relaxed ? relaxedModule : plainModule);
      if (!WebAssembly.validate(bytes)) continue;
      const scratch = new Scratch();
      const kernels = scratch.instantiate(bytes) as Kernels;
      const reason = relaxed
        ? "WebAssembly SIMD with relaxed multiply-add."
        : "WebAssembly SIMD; this engine has no relaxed multiply-add.";
      return { accelerator: { kernels, scratch, relaxed }, reason };
    }
    return { accelerator: null, reason: "WebAssembly has no SIMD here." };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { accelerator: null, reason: `WebAssembly could not be started: ${why}` };
  }
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
  started ??= start();
  return started.accelerator;
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
      memory: 0,
      reason: 'setBackend("reference") asks for plain loops.',
    };
  }
  started ??= start();
  const { accelerator, reason } = started;
  return {
    setting,
    inUse: accelerator === null ? "reference" : "wasm",
    relaxed: accelerator?.relaxed ?? false,
    threads: 1,
    memory: accelerator?.scratch.bytes ?? 0,
    reason,
  };
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
    started ??= start();
    if (started.accelerator === null) {
      throw new ChainruleError(
        `setBackend: "wasm" cannot run here. ${started.reason} Use "auto", which does without.`,
        { reason: started.reason },
      );
    }
  }
  const before = setting;
  setting = name;
  return before;
}
