/**
 * Starts workers: with Node's worker_threads, which Deno and Bun have too, or as workers of a page.
 */
import type { Memory } from "../scratch.ts";
import { layout } from "./layout.ts";
import { serve } from "./serve.ts";

/** What is used of Node. */
interface NodeProcess {
  readonly getBuiltinModule?: (name: string) => unknown;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

interface NodeWorker {
  unref(): void;
  on(event: "error" | "exit", listener: (what: unknown) => void): void;
}

interface WorkerThreads {
  readonly Worker: new (source: string, options: object) => NodeWorker;
}

function nodeModule<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

/** An environment variable, where there are any. */
export function environmentVariable(name: string): string | undefined {
  try {
    return (globalThis as { process?: NodeProcess }).process?.env?.[name];
  } catch {
    // Deno may refuse.
    return undefined;
  }
}

/** How many processors there are to compute with; 1 where nobody says. */
export function processorCount(): number {
  try {
    const os = nodeModule<{ availableParallelism?: () => number }>("node:os");
    const count = os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
    return Number.isInteger(count) && count > 0 ? count : 1;
  } catch {
    return 1;
  }
}

/** Who waits for workers that have ended. */
export type Ended = (reason: string) => void;

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === "string" && message !== "" ? message : "it gives no reason";
}

/**
 * Starts a worker, which does not keep the process alive. It begins some time later, on a page not before the running
 * script has ended.
 *
 * @throws what the platform throws where workers are missing or forbidden.
 */
export function startWorker(memory: Memory, epoch: number, thread: number, ended: Ended): void {
  const data = { memory, epoch, thread };
  const call = (from: string): string =>
    `(${serve.toString()})(${from}.memory, ${from}.epoch, ${from}.thread, ${JSON.stringify(layout)})`;
  const threads = nodeModule<WorkerThreads>("node:worker_threads");
  if (threads !== undefined) {
    const source = `const { workerData } = process.getBuiltinModule("node:worker_threads"); ${call("workerData")};`;
    const worker = new threads.Worker(source, { eval: true, workerData: data, execArgv: [] });
    worker.on("error", (error) => ended(messageOf(error)));
    worker.on("exit", () => ended("it ended"));
    worker.unref();
    return;
  }
  const source = `onmessage = ({ data }) => { ${call("data")}; close(); };`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "chainrule" });
  worker.onerror = (event) => {
    event.preventDefault();
    ended(messageOf(event));
  };
  worker.postMessage(data);
}
