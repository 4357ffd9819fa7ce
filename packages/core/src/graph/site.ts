/**
 * Lines of the user's program: where a node was recorded, where a tensor was changed.
 */

let recording = false;

/**
 * Turns the recording of source lines on or off: each node then notes the line of the user's program that made it, and
 * errors name it. It costs some microseconds an op; off by default, on inside of `detectAnomaly`. Returns what was in
 * force before.
 *
 * @example
 * import { recordSourceLines, tensor } from "@chainrule/core";
 * const before = recordSourceLines(true);
 * const x = tensor(3, { requiresGrad: true });
 * x.mul(x).node?.site?.includes(":"); // → true
 * recordSourceLines(before);
 */
export function recordSourceLines(on: boolean): boolean {
  const before = recording;
  recording = on;
  return before;
}

/** The line of the user's program that is running, when source lines are recorded. */
export function currentSite(): string | undefined {
  return recording ? siteIn(deepStack(), import.meta.url) : undefined;
}

/** A stack trace with more than V8's ten frames: modules within modules take several each. */
function deepStack(): string {
  const before: unknown = Reflect.get(Error, "stackTraceLimit");
  Reflect.set(Error, "stackTraceLimit", 100);
  const stack = new Error().stack ?? "";
  Reflect.set(Error, "stackTraceLimit", before);
  return stack;
}

/** A place in a stack trace, as V8 (`at f (file:1:2)`) and other engines (`f@file:1:2`) write it. */
const placeInFrame = /((?:[a-z]+:\/\/|\/|[A-Za-z]:[\\/])[^()]*:\d+:\d+)\)?$/;
/** Where the packages of this project keep their code, from the folder that holds them all. */
const familyCode =
  /^(?:core|nn|optim|train|testing|inspect|compile|formats|chainrule)\/(?:src|dist)\//;
/** The same when each package was installed into a folder of its own. */
const installedCode = /[\\/]@chainrule[\\/]\w+[\\/](?:src|dist)[\\/]/;

/**
 * The first place in a stack trace that lies outside of this project's packages; its tests count as outside.
 *
 * @param own The address of a module of core: `…/core/src/graph/site.ts`, or `…/core/dist/index.js` when bundled.
 */
export function siteIn(stack: string, own: string): string | undefined {
  const family = pathOf(new URL(own.includes("/src/graph/") ? "../../.." : "../..", own).href);
  for (const line of stack.split("\n")) {
    const place = placeInFrame.exec(line.trim())?.[1];
    if (place === undefined || place.startsWith("node:")) continue;
    const path = pathOf(place);
    const inFamily = path.startsWith(family) && familyCode.test(path.slice(family.length));
    const isTest = /\.test(?:-d)?\.[cm]?[jt]s:/.test(path);
    if (isTest || !(inFamily || installedCode.test(path) || path.startsWith(pathOf(own))))
      return place;
  }
  return undefined;
}

function pathOf(address: string): string {
  return address.replace(/^file:\/\//, "");
}
