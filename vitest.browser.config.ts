import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { writeKernels } from "./scripts/lib/kernels.mjs";
import { writePage } from "./scripts/lib/page.mjs";

await writeKernels();
await writePage();

/** Tests that need a browser: `npm run test:browser`. Where there is none they say so and are skipped. */
export default defineConfig({
  resolve: { conditions: ["chainrule-source", ...defaultClientConditions] },
  ssr: { resolve: { conditions: ["chainrule-source", ...defaultServerConditions] } },
  test: {
    name: "browser",
    include: ["packages/*/test/browser/**/*.spec.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
