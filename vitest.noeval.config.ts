import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { writeKernels } from "./scripts/lib/kernels.mjs";
import { writePage } from "./scripts/lib/page.mjs";

await writeKernels();
await writePage();

/** The unit tests where no text may become code, as on a page with a strict security policy. */
export default defineConfig({
  resolve: { conditions: ["chainrule-source", ...defaultClientConditions] },
  ssr: { resolve: { conditions: ["chainrule-source", ...defaultServerConditions] } },
  test: {
    name: "noeval",
    include: ["packages/*/{src,test}/**/*.test.ts"],
    // Nothing there is made of text: WebAssembly, memory, and runs in processes of their own, without these flags.
    exclude: [
      "**/test/accelerated{/**,.test.ts}",
      "**/test/engine/memory.test.ts",
      "**/test/killed/**",
    ],
    pool: "forks",
    isolate: false,
    env: { CHAINRULE_THREADS: process.env.CHAINRULE_THREADS ?? "1" },
    maxWorkers: "100%",
    experimental: { fsModuleCache: true },
    // The first is for speed, as in vitest.config.ts.
    execArgv: [
      "--max-semi-space-size=64",
      "--disallow-code-generation-from-strings",
      "--disable-proto=throw",
    ],
    setupFiles: [
      "scripts/noeval-setup.ts",
      "scripts/fast-check-setup.ts",
      "scripts/backend-setup.ts",
    ],
    testTimeout: 30_000,
  },
});
