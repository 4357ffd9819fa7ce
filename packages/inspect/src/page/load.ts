/**
 * Unpacks the engine. Its script is packed into the page, because a large page is slow to send around; the page's security
 * policy names its checksum, so nothing else could be run in its place.
 */
import type { PageEngine } from "./data.ts";

export async function loadEngine(): Promise<PageEngine | null> {
  const packed = document.getElementById("engine")?.textContent?.trim() ?? "";
  if (packed === "" || typeof DecompressionStream === "undefined") return null;
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  const engine: unknown = Reflect.get(globalThis, "chainruleEngine");
  return isEngine(engine) ? engine : null;
}

function isEngine(engine: unknown): engine is PageEngine {
  return typeof engine === "object" && engine !== null && "replay" in engine;
}
