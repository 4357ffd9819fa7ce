/**
 * The first script of a page: unpacks the others, which would make the page three times as large, and runs them. The
 * page's security policy names their checksums.
 */

import { unpacked } from "./packing.ts";

/** Runs the script that is packed in an element; whether that was possible. */
async function run(id: string): Promise<boolean> {
  const packed = document.getElementById(id)?.textContent ?? "";
  if (packed === "" || typeof DecompressionStream === "undefined") return false;
  const stream = new Blob([unpacked(packed)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate-raw"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  return true;
}

Reflect.set(globalThis, "chainruleRun", run);
void run("script").then((isRunning) => {
  if (!isRunning) document.getElementById("panel")!.textContent = document.body.dataset.old ?? "";
});
