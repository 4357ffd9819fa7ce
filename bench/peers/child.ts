/**
 * An engine in a process of its own, and how to ask it: a line of JSON there, a line of JSON back.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Numbers, Problem } from "../problems.ts";
import type { Greeting, Request } from "./serve.ts";

/** An engine to compare with; Chainrule without `compile` is one of them. */
export interface Peer {
  readonly name: string;
  readonly command: readonly string[];
  /** Whether it cannot make the problem's numbers by itself. */
  readonly wantsArrays?: boolean;
}

const folder = join(import.meta.dirname, "engines");
const run = join(import.meta.dirname, "../../scripts/run.mjs");
const program = (file: string, ...args: string[]): readonly string[] => [
  process.execPath,
  run,
  join(folder, file),
  ...args,
];

export const ourselves: Peer = { name: "chainrule", command: program("chainrule.ts") };

export const peers: readonly Peer[] = [
  { name: "chainrule-eager", command: program("chainrule.ts", "eager") },
  // Debian's python3 and its package python3-torch.
  { name: "torch", command: ["/usr/bin/python3", join(folder, "pytorch.py")], wantsArrays: true },
  { name: "jax-js-jit", command: program("jax.ts", "jit") },
  { name: "jax-js-eager", command: program("jax.ts", "eager") },
  { name: "tfjs-wasm", command: program("tfjs.ts", "wasm") },
  { name: "tfjs-cpu", command: program("tfjs.ts", "cpu") },
];

/** What an engine says when it cannot do something, or takes too long. */
export class PeerError extends Error {}

/** Milliseconds that an engine may take for one answer; some compile for minutes. */
const patience = 60_000;

/** A running engine. */
export class Child {
  private readonly process: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private pid: number | undefined;
  greeting: Greeting | undefined;

  private constructor(command: readonly string[]) {
    const [name, ...args] = command;
    this.process = spawn(name!, args, { stdio: ["pipe", "pipe", "ignore"] });
    this.pid = this.process.pid;
    // Its end shows in what it says no more.
    this.process.on("error", () => undefined);
    this.process.stdin!.on("error", () => undefined);
    const input = this.process.stdout!;
    this.lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  static async start({ command }: Peer): Promise<Child> {
    const child = new Child(command);
    const greeting = (await child.answer()) as Greeting & { pid?: number };
    child.greeting = greeting;
    // The program may run in a process that ours has started.
    child.pid = greeting.pid ?? child.pid;
    return child;
  }

  /** Lets it build a problem; what it computes. */
  async prepare(peer: Peer, problem: Problem): Promise<readonly number[]> {
    const { name, kind, settings, training } = problem;
    const arrays = peer.wantsArrays ? sent(problem) : {};
    const request = { ask: "prepare", problem: { name, kind, settings, training }, ...arrays };
    const answer = await this.ask(request as Request);
    return (answer as { results: readonly number[] }).results;
  }

  /** Milliseconds for so many steps. */
  async time(repeats: number): Promise<number> {
    return ((await this.ask({ ask: "time", repeats })) as { milliseconds: number }).milliseconds;
  }

  /** The most memory that its process has held, in bytes. */
  async memory(): Promise<number> {
    return ((await this.ask({ ask: "memory" })) as { bytes: number }).bytes;
  }

  private ask(request: Request): Promise<object> {
    this.process.stdin!.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  private async answer(): Promise<object> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new PeerError(`no answer within ${patience / 1000} s`));
      }, patience);
    });
    try {
      return await Promise.race([this.nextAnswer(), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async nextAnswer(): Promise<object> {
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new PeerError("ended: it is not installed, or failed at its start");
      // Libraries print of their own accord, too.
      if (!value.startsWith("{")) continue;
      const answer = JSON.parse(value) as { error?: string };
      if (answer.error !== undefined) throw new PeerError(answer.error);
      return answer;
    }
  }

  /** Ends it, even amid its work. */
  stop(): void {
    this.process.stdin!.end();
    try {
      if (this.pid !== undefined) process.kill(this.pid);
    } catch {
      // It has ended already.
    }
  }
}

function sent(problem: Problem): object {
  const { parameters, data } = problem.arrays();
  const entries = Object.entries(data).map(([name, numbers]) => [name, encoded(numbers)] as const);
  return { parameters: parameters.map(encoded), data: Object.fromEntries(entries) };
}

function encoded({ shape, data }: Numbers): object {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const type = data instanceof Float32Array ? "float32" : "int32";
  return { shape, type, data: bytes.toString("base64") };
}
