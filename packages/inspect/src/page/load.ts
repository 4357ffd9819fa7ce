/**
 * Loads the engine. Its script is packed into the page, because a large page is slow to send around; the page's security
 * policy names its checksum, so nothing else could be run in its place.
 */
import type { PageEngine } from "./data.ts";

export async function loadEngine(): Promise<PageEngine | null> {
  const run: unknown = Reflect.get(globalThis, "chainruleRun");
  if (typeof run !== "function" || (await run("engine")) !== true) return null;
  const engine: unknown = Reflect.get(globalThis, "chainruleEngine");
  return isEngine(engine) ? engine : null;
}

function isEngine(engine: unknown): engine is PageEngine {
  return typeof engine === "object" && engine !== null && "replay" in engine;
}
