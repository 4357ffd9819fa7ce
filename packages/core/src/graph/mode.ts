/**
 * What is in force while ops run: whether the graph is recorded, and under which scope.
 */
import { ArgumentError, quoted } from "../errors.ts";

let gradEnabled = true;
let scopePath = "";

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

/** What a function returned, unless that is a promise: then what was in force while it ran would end too early. */
export function refusePromise<T>(where: string, result: T): T {
  if (result instanceof Promise) {
    // The work goes on without the mode; its failure must not be reported as unhandled on top of the error below.
    result.catch(() => undefined);
    throw new ArgumentError(
      `${where}: the function is asynchronous, but the mode ends as soon as it returns. Await first, then call ${where} around the synchronous part.`,
    );
  }
  return result;
}
