import { join } from "node:path";
import { defaultClientConditions, defaultServerConditions, type Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { documentation, generateDoctests } from "./scripts/doctest/generate.mjs";
import { writeKernels } from "./scripts/lib/kernels.mjs";
import { writePage } from "./scripts/lib/page.mjs";

await writeKernels();
await writePage();
await generateDoctests();

/** Tests run on the sources of the packages: nothing need be built. */
const source = {
  resolve: { conditions: ["chainrule-source", ...defaultClientConditions] },
  ssr: { resolve: { conditions: ["chainrule-source", ...defaultServerConditions] } },
};

/** Keeps the doctests up to date while vitest watches. */
const watchDocumentation: Plugin = {
  name: "chainrule:doctest",
  configureServer({ watcher }) {
    watcher.add(documentation());
    watcher.on("change", async (path) => {
      if (documentation().includes(path)) await generateDoctests();
    });
  },
};

/** A test that waits for longer than this is stuck. Projects do not inherit it. */
const testTimeout = 30_000;

/**
 * Files that share a process fill its heap, and every collection of short-lived arrays then walks more of it: fewer
 * collections, each of a larger young generation, take the fuzzed files from 40 s to 13 s.
 */
const youngHeap = ["--max-semi-space-size=64"];

export default defineConfig({
  ...source,
  test: {
    // Left to itself, the runner keeps one core free, which on two is half of them.
    maxWorkers: "100%",
    coverage: { include: ["packages/*/src/**/*.ts"] },
    // Sources are transformed once, by whichever worker or run comes first.
    experimental: { fsModuleCache: true },
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          testTimeout,
          include: ["packages/*/{src,test}/**/*.test.ts"],
          isolate: false,
          // The files share the processors; tests of threads ask for theirs.
          env: { CHAINRULE_THREADS: process.env.CHAINRULE_THREADS ?? "1" },
          setupFiles: ["scripts/fast-check-setup.ts", "scripts/backend-setup.ts"],
          execArgv: youngHeap,
        },
      },
      {
        ...source,
        test: {
          name: "tools",
          testTimeout,
          include: ["scripts/**/*.test.{ts,mjs}", "bench/**/*.test.ts", "docs/**/*.test.ts"],
        },
      },
      {
        ...source,
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["packages/*/{src,test}/**/*.test-d.ts"],
            tsconfig: join(import.meta.dirname, "tsconfig.types.json"),
          },
        },
      },
      {
        ...source,
        plugins: [watchDocumentation],
        test: {
          name: "doc",
          testTimeout,
          // Hundreds of small files: a fresh worker for each would take ten times as long.
          isolate: false,
          include: [".doctest/**/*.test.ts"],
        },
      },
    ],
  },
});
