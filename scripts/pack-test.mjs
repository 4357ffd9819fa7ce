/**
 * Packs every package as it would be published, lets publint look at it, installs all of them in an
 * empty project, and there runs test/pack/consumer.mjs and type checks test/pack/consumer.ts.
 * Needs a build.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { node, npm, pnpm } from "./lib/process.mjs";
import { packages, root } from "./lib/workspace.mjs";

const folder = mkdtempSync(join(tmpdir(), "chainrule-pack-"));
try {
  const tarballs = await pack();
  await lint(tarballs);
  await consume(tarballs);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Packs the public packages, and gives the tarball of each by name. */
async function pack() {
  const destination = join(folder, "tarballs");
  mkdirSync(destination);
  /** @type {Map<string, string>} */
  const tarballs = new Map();
  const published = packages().filter(({ manifest }) => !manifest.private);
  succeed(
    await pnpm([
      ...published.map(({ name }) => `--filter=${name}`),
      "--recursive",
      "pack",
      `--pack-destination=${destination}`,
    ]),
  );
  for (const { name, manifest } of published) {
    const file = `${name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    if (!readdirSync(destination).includes(file)) throw new Error(`${name} was not packed`);
    tarballs.set(name, join(destination, file));
  }
  return tarballs;
}

/** @param {Map<string, string>} tarballs */
async function lint(tarballs) {
  /** @type {string[]} */
  const problems = [];
  for (const [name, tarball] of tarballs) {
    const bytes = readFileSync(tarball);
    const { messages, pkg } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
      strict: true,
    });
    for (const message of messages) {
      if (message.type === "suggestion") continue;
      problems.push(`${name}: ${formatMessage(message, pkg, { color: false })}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** @param {Map<string, string>} tarballs */
async function consume(tarballs) {
  const project = join(folder, "consumer");
  mkdirSync(project);
  for (const file of ["consumer.mjs", "consumer.ts"]) {
    copyFileSync(join(root, "test/pack", file), join(project, file));
  }
  const dependencies = Object.fromEntries(
    [...tarballs].map(([name, file]) => [name, `file:${file}`]),
  );
  write(join(project, "package.json"), { private: true, type: "module", dependencies });
  succeed(
    await npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: project,
    }),
  );
  succeed(await node(["consumer.mjs"], { cwd: project }));

  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    write(join(project, "tsconfig.json"), {
      compilerOptions: {
        target: "es2022",
        // No DOM: the declarations must do without.
        lib: ["es2022"],
        types: [],
        module,
        moduleResolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
      },
      files: ["consumer.ts"],
    });
    succeed(
      await node([join(root, "node_modules/typescript/bin/tsc"), "--pretty", "false"], {
        cwd: project,
      }),
    );
  }
}

/** @param {import("./lib/process.mjs").Result} result */
function succeed({ code, output }) {
  if (code !== 0) throw new Error(output);
}

/**
 * @param {string} path
 * @param {unknown} value
 */
function write(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
