/**
 * `npm run bench -- --peers`: installs the peers, compares with them, prints the table.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { environment } from "../environment.ts";
import { growing, type Problem, problems } from "../problems.ts";
import { header } from "../table.ts";
import { type Peer, peers } from "./child.ts";
import { compare, type Failed, type Measured } from "./compare.ts";
import { heading, rowOf } from "./table.ts";

/** What the command line chose. */
export interface Choice {
  readonly isChosen: (problem: Problem) => boolean;
  /** The names of peers; all of them unless given. */
  readonly names: readonly string[] | undefined;
  readonly quick: boolean;
  /** The file for the figures. */
  readonly json: string | undefined;
}

export async function compareWithPeers({ isChosen, names, quick, json }: Choice): Promise<void> {
  const compared = peers.filter(({ name }) => names?.some((part) => name.includes(part)) ?? true);
  const chosen = [...problems, ...growing].filter(isChosen);
  if (compared.length === 0 || chosen.length === 0) {
    const known = `Known: ${peers.map(({ name }) => name).join(", ")}; ${problems.map(({ name }) => name).join(", ")}.`;
    console.error(`There is no such peer, or no such workload. ${known}`);
    process.exit(2);
  }
  install(compared);
  // A turn is of many steps, as training is: the first after a pause waits for threads and caches to wake.
  const effort = quick
    ? { runs: 5, runTime: 60, warmUp: 1000 }
    : { runs: 15, runTime: 300, warmUp: 1500 };
  const about = environment(quick ? 3 : 9);
  const bundles = await bundleSizes(compared);
  console.log(header(about));
  for (const { name, bytes, gzip } of bundles)
    console.log(
      `${name}: ${Math.round(bytes / 1000)} kB bundled, ${Math.round(gzip / 1000)} kB gzip`,
    );
  if (compared.some(({ name }) => name === "torch")) await warnOfSlowTorch();
  console.log(`\n${heading(compared)}`);
  const rows: { problem: string; about: string; engines: readonly (Measured | Failed)[] }[] = [];
  for (const problem of chosen) {
    const engines = await compare(problem, compared, effort);
    rows.push({ problem: problem.name, about: problem.about, engines });
    console.log(rowOf(problem, compared, engines));
    // Written each time, so that what was measured is kept whatever comes.
    if (json !== undefined)
      writeFileSync(json, `${JSON.stringify({ ...about, bundles, figures: rows }, null, 2)}\n`);
  }
}

/** With the reference BLAS PyTorch's products take far longer than they need. */
async function warnOfSlowTorch(): Promise<void> {
  const torch = peers.filter(({ name }) => name === "torch");
  const product = problems.find(({ name }) => name === "matmul-256")!;
  const effort = { runs: 5, runTime: 10, warmUp: 100 };
  const measured = (await compare(product, torch, effort))[1]!;
  if ("failure" in measured) return;
  const rate = product.flops! / measured.time.median / 1e6;
  if (rate < 20)
    console.log(
      `\nPyTorch computes products with ${rate.toFixed(1)} GFLOP/s: it seems to lack OpenBLAS, see bench/README.md.`,
    );
}

/** The JavaScript peers are in a lock file of their own, so that nobody else must install them. */
function install(compared: readonly Peer[]): void {
  const folder = import.meta.dirname;
  if (compared.every(({ name }) => name === "torch" || name === "chainrule-eager")) return;
  const installed = join(folder, "node_modules/.package-lock.json");
  if (existsSync(installed)) return;
  console.log("Installing the peers in bench/peers …");
  const args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  execFileSync("npm", args, { cwd: folder, stdio: "ignore", shell: process.platform === "win32" });
}

/** What a page would load of each library, minified, with its WebAssembly. */
async function bundleSizes(
  compared: readonly Peer[],
): Promise<readonly { name: string; bytes: number; gzip: number }[]> {
  const wasm = "@tensorflow/tfjs-backend-wasm";
  const entries: Record<string, { folder: string; imports: string[]; files: string[] }> = {
    chainrule: { folder: join(import.meta.dirname, ".."), imports: ["chainrule"], files: [] },
    jax: { folder: import.meta.dirname, imports: ["@jax-js/jax"], files: [] },
    "tfjs-cpu": { folder: import.meta.dirname, imports: ["@tensorflow/tfjs"], files: [] },
    "tfjs-wasm": {
      folder: import.meta.dirname,
      imports: ["@tensorflow/tfjs", wasm],
      files: [join(import.meta.dirname, "node_modules", wasm, "dist/tfjs-backend-wasm-simd.wasm")],
    },
  };
  const wanted = Object.entries(entries).filter(
    ([name]) => name === "chainrule" || compared.some((peer) => peer.name.startsWith(name)),
  );
  return Promise.all(
    wanted.map(async ([name, { folder, imports, files }]) => {
      const contents = imports.map((path) => `export * from "${path}";`).join("\n");
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: folder },
        bundle: true,
        minify: true,
        write: false,
        format: "esm",
        platform: "browser",
        conditions: ["chainrule-source"],
        external: ["node:*"],
        logLevel: "silent",
      });
      const parts = [
        ...outputFiles.map((file) => file.contents),
        ...files.map((f) => readFileSync(f)),
      ];
      return {
        name,
        bytes: parts.reduce((sum, part) => sum + part.length, 0),
        gzip: parts.reduce((sum, part) => sum + gzipSync(part).length, 0),
      };
    }),
  );
}
