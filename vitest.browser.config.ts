import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { findChromium } from "./scripts/lib/chromium.mjs";
import { writeKernels } from "./scripts/lib/kernels.mjs";
import { writePage } from "./scripts/lib/page.mjs";

await writeKernels();
await writePage();

const chromium = findChromium();
if (chromium === undefined)
  console.log("No Chromium was found: set CHAINRULE_CHROMIUM to test the pages in one.");

/** Tests that need a browser: `npm run test:browser`. Where there is none they are skipped. */
export default defineConfig({
  resolve: { conditions: ["chainrule-source", ...defaultClientConditions] },
  ssr: { resolve: { conditions: ["chainrule-source", ...defaultServerConditions] } },
  test: {
    name: "browser",
    include: ["packages/*/test/browser/**/*.spec.ts", "docs/**/*.spec.ts"],
    env: { CHAINRULE_CHROMIUM: chromium ?? "" },
    fileParallelism: false,
    isolate: false,
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});
