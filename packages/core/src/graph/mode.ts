/**
 * What is in force while ops run: whether the graph is recorded, under which scope, and with which source lines.
 */
import { ArgumentError, quoted } from "../errors.ts";

let gradEnabled = true;
let scopePath = "";
let siteRecording = false;

/** Whether ops on tensors that require gradients are recorded just now. */
export function isGradEnabled(): boolean {
  return gradEnabled;
}

function withGradMode<T>(name: string, enabled: boolean, body: () => T): T {
  const before = gradEnabled;
  gradEnabled = enabled;
  try {
    return refusePromise(name, body());
  } finally {
    gradEnabled = before;
  }
}

/**
 * Runs `body` without recording a graph: for updates, metrics and inference. What it makes does not require gradients.
 *
 * @throws {ArgumentError} when `body` is asynchronous: the mode ends when it returns, not when its promise settles.
 * @example
 * import { noGrad, tensor } from "@chainrule/core";
 * const x = tensor(3, { requiresGrad: true });
 * noGrad(() => x.mul(2)).requiresGrad; // → false
 */
export function noGrad<T>(body: () => T): T {
  return withGradMode("noGrad", false, body);
}

/** Runs `body` with recording on, inside `noGrad` too. */
export function enableGrad<T>(body: () => T): T {
  return withGradMode("enableGrad", true, body);
}

/**
 * Names everything recorded in `body`: scopes nest into a path such as `"encoder/layer1"`, which every node carries.
 *
 * @throws {ArgumentError} for an empty name, or an asynchronous `body`.
 * @example
 * import { tensor, withScope } from "@chainrule/core";
 * const x = tensor(3, { requiresGrad: true });
 * const y = withScope("model", () => withScope("square", () => x.mul(x)));
 * y.node?.scope; // → model/square
 */
export function withScope<T>(name: string, body: () => T): T {
  if (typeof name !== "string" || name === "") {
    throw new ArgumentError(`withScope: a scope needs a name, not ${quoted(name)}.`, { name });
  }
  const before = scopePath;
  scopePath = before === "" ? name : `${before}/${name}`;
  try {
    return refusePromise("withScope", body());
  } finally {
    scopePath = before;
  }
}

/** The path of the scopes in force, `""` outside of all. */
export function currentScope(): string {
  return scopePath;
}

/**
 * Turns the recording of source lines on or off: each node then notes the line of the user's program that made it, and
 * errors name it. It costs some microseconds an op; off by default. Returns what was in force before.
 */
export function recordSourceLines(on: boolean): boolean {
  const before = siteRecording;
  siteRecording = on;
  return before;
}

/** The line of the user's program that is running, when source lines are recorded. */
export function currentSite(): string | undefined {
  return siteRecording ? userSite(new Error().stack ?? "") : undefined;
}

/** The folder (or bundle) that holds the engine, as stack traces name it. */
const ownPlace = new URL("..", import.meta.url).href;
const ownFile = import.meta.url;

/** The first frame of a stack trace that lies outside of the engine. */
function userSite(stack: string): string | undefined {
  for (const line of stack.split("\n").slice(1)) {
    const frame = line.trim();
    if (!frame.startsWith("at ") || frame.includes("node:internal")) continue;
    const place = /\(?((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(
      frame,
    )?.[1];
    if (place === undefined) continue;
    const isTest = /\.test(-d)?\.[cm]?[jt]s/.test(place);
    const own =
      place.startsWith(ownFile) ||
      place.startsWith(ownFile.replace(/^file:\/\//, "")) ||
      isInside(place);
    if (!own || isTest) return place;
  }
  return undefined;
}

function isInside(place: string): boolean {
  // In a bundle every module shares one file, whose folder is the package's dist: only that file is the engine's then.
  if (!ownPlace.endsWith("/src/")) return false;
  return place.startsWith(ownPlace) || place.startsWith(ownPlace.replace(/^file:\/\//, ""));
}

function refusePromise<T>(where: string, result: T): T {
  if (result instanceof Promise) {
    // The work goes on without the mode; its failure must not be reported as unhandled on top of the error below.
    result.catch(() => undefined);
    throw new ArgumentError(
      `${where}: the function is asynchronous, but the mode ends as soon as it returns. Await first, then call ${where} around the synchronous part.`,
    );
  }
  return result;
}
