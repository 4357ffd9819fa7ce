/**
 * The engine that is measured: this checkout's, or the build of another one to compare with.
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as core from "@chainrule/core";
import * as nn from "@chainrule/nn";
import * as optim from "@chainrule/optim";

/** What a workload is built from. */
export interface Engine {
  readonly core: typeof core;
  readonly nn: typeof nn;
  readonly optim: typeof optim;
}

/** The packages of this checkout. */
export const ours: Engine = { core, nn, optim };

/** The packages as another checkout built them: `npm run build` there first. */
export async function builtIn(checkout: string): Promise<Engine> {
  const load = (name: string): Promise<unknown> =>
    import(pathToFileURL(join(resolve(checkout), "packages", name, "dist/index.js")).href);
  const [otherCore, otherNn, otherOptim] = await Promise.all(["core", "nn", "optim"].map(load));
  return { core: otherCore, nn: otherNn, optim: otherOptim } as Engine;
}
