/**
 * The child's side of the conversation with `child.ts`: a line of JSON in, a line of JSON out.
 */
import { createInterface } from "node:readline";
import { growing, type Numbers, type Problem, problems } from "../problems.ts";

/** A problem that an engine is ready to compute. */
export interface Prepared {
  /** One step, to its end. */
  readonly step: () => void | Promise<void>;
  /** What all engines must come to: the losses of the next steps, or what was computed. */
  readonly results: () => readonly number[] | Promise<readonly number[]>;
}

export type PreparePeer = (
  problem: Problem,
  arrays: {
    readonly parameters: readonly Numbers[];
    readonly data: Readonly<Record<string, Numbers>>;
  },
) => Prepared | Promise<Prepared>;

/** What a child is asked. */
export type Request =
  | { readonly ask: "prepare"; readonly problem: { readonly name: string } }
  | { readonly ask: "time"; readonly repeats: number }
  | { readonly ask: "memory" };

/** What it says first. */
export interface Greeting {
  readonly version: string;
  /** Milliseconds that importing the library took. */
  readonly importTime: number;
}

/** Answers for an engine until nobody asks any more. */
export async function serve(greeting: Greeting, prepare: PreparePeer): Promise<void> {
  let prepared: Prepared | undefined;
  const answer = async (request: Request): Promise<object> => {
    if (request.ask === "prepare") {
      const { name } = request.problem;
      const problem = [...problems, ...growing].find((one) => one.name === name)!;
      prepared = await prepare(problem, problem.arrays());
      return { results: await prepared.results() };
    }
    if (request.ask === "memory") return { bytes: process.resourceUsage().maxRSS * 1024 };
    const { step } = prepared!;
    const start = performance.now();
    for (let i = 0; i < request.repeats; i++) {
      // Waiting costs something even where there is nothing to wait for.
      const promise = step();
      if (promise !== undefined) await promise;
    }
    return { milliseconds: performance.now() - start };
  };
  const say = (what: object): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);
  say({ ...greeting, pid: process.pid });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say(await answer(JSON.parse(line) as Request));
    } catch (error) {
      say({ error: String(error).slice(0, 300) });
    }
  }
  // Some libraries keep the process alive.
  process.exit(0);
}
