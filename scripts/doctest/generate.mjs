/**
 * Writes the examples in docstrings and guides as modules into .doctest/, one module an example.
 *
 * An example keeps its line numbers: .doctest/FILE/L12.ts holds the block that starts at line 12 of
 * FILE, at line 12. So errors of every kind point to the documentation.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { build } from "esbuild";
import { files, fromRoot, isSource, packages, root } from "../lib/workspace.mjs";
import { blocksOfMarkdown, blocksOfSource } from "./extract.mjs";
import { instrument } from "./instrument.mjs";

/**
 * @typedef {object} Options
 * @property {readonly string[]} [sources] the files to look into, by absolute path
 * @property {string} [folder] where the modules go
 */

/** The files that may hold examples. */
export function documentation() {
  const isMarkdown = (/** @type {string} */ path) => path.endsWith(".md");
  return [
    join(root, "README.md"),
    join(root, "CONTRIBUTING.md"),
    ...files(join(root, "docs"), isMarkdown),
    ...packages().flatMap(({ folder }) => [
      join(folder, "README.md"),
      ...files(join(folder, "src"), isSource),
    ]),
  ].filter((path) => existsSync(path));
}

/**
 * Brings .doctest/ up to date: writes what changed and removes what is gone.
 *
 * @param {Options} [options]
 * @returns {Promise<number>} how many examples there are
 */
export async function generateDoctests({ sources, folder = join(root, ".doctest") } = {}) {
  /** @type {Map<string, string>} */
  const modules = new Map();
  let count = 0;
  for (const path of sources ?? documentation()) {
    const text = readFileSync(path, "utf8");
    const blocks = path.endsWith(".md") ? blocksOfMarkdown(text) : blocksOfSource(text);
    const examples = chain(blocks);
    if (examples.length === 0) continue;
    const name = fromRoot(path);
    const target = join(folder, name);
    const runtime = specifier(target, join(root, "scripts/doctest/runtime.ts"));
    for (const blocksOfOne of examples) {
      const module = join(target, `L${blocksOfOne[0]?.line}.ts`);
      modules.set(module, await moduleText(name, blocksOfOne, runtime));
    }
    count += examples.length;
    modules.set(
      join(target, "doctest.test.ts"),
      [
        `import { example } from "${runtime}";`,
        ...examples.map(([first]) => {
          const line = first?.line;
          return `example(${JSON.stringify(name)}, ${line}, () => import("./L${line}.ts"));`;
        }),
        "",
      ].join("\n"),
    );
  }
  modules.set(join(folder, "tsconfig.json"), tsconfig(folder));
  write(folder, modules);
  return count;
}

/**
 * Joins each block with those that continue it.
 *
 * @param {import("./extract.mjs").Block[]} blocks
 */
function chain(blocks) {
  /** @type {import("./extract.mjs").Block[][]} */
  const chains = [];
  for (const block of blocks) {
    const last = chains.at(-1);
    if (block.continues && last) last.push(block);
    else chains.push([block]);
  }
  return chains;
}

/**
 * @param {string} name the file that the example is in
 * @param {import("./extract.mjs").Block[]} blocks
 * @param {string} runtime
 */
async function moduleText(name, blocks, runtime) {
  /** @type {string[]} */
  const lines = [];
  for (const block of blocks) {
    for (const [i, line] of block.lines.entries()) lines[block.line - 1 + i] = line;
  }
  const code = Array.from(lines, (line) => line ?? "").join("\n");
  try {
    const { code: text, names, hasImports } = instrument(code);
    const header = [`import { checks } from "${runtime}"`];
    if (!hasImports) header.push(...(await importsFor(name, names)));
    header.push(`const __doctest = checks(${JSON.stringify(name)}); void __doctest;`);
    // The line of the fence is free.
    const fence = (blocks[0]?.line ?? 2) - 2;
    return `${text
      .split("\n")
      .map((line, i) => (i === fence ? header.join("; ") : line))
      .join("\n")}\n`;
  } catch (error) {
    const { message, loc } = /** @type {SyntaxError & { loc?: { line: number } }} */ (error);
    const text = `the example does not parse: ${message}`;
    return `${"\n".repeat((loc?.line ?? 1) - 1)}throw new SyntaxError(${JSON.stringify(text)});\n`;
  }
}

/**
 * For an example without imports: what it uses from the package that it documents, and from
 * chainrule.
 *
 * @param {string} name the file that the example is in
 * @param {Set<string>} names what the example uses
 */
async function importsFor(name, names) {
  const own = packages().find(({ folder }) => name.startsWith(`${fromRoot(folder)}/`));
  const whole = packages().find((other) => other.name === "chainrule");
  /** @type {Set<string>} */
  const bound = new Set();
  /** @type {string[]} */
  const lines = [];
  for (const source of [own, whole]) {
    if (!source) continue;
    const exported = await exportsOf(source.folder);
    const used = exported.filter((export_) => names.has(export_) && !bound.has(export_));
    for (const export_ of used) bound.add(export_);
    if (used.length > 0) lines.push(`import { ${used.join(", ")} } from "${source.name}"`);
  }
  return lines;
}

/** @type {Map<string, Promise<string[]>>} */
const knownExports = new Map();

/**
 * The names that a package exports, other than types.
 *
 * @param {string} folder
 */
function exportsOf(folder) {
  const known = knownExports.get(folder) ?? findExports(folder);
  knownExports.set(folder, known);
  return known;
}

/** @param {string} folder */
async function findExports(folder) {
  const { metafile } = await build({
    entryPoints: [join(folder, "src/index.ts")],
    outfile: "index.js",
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    conditions: ["chainrule-source"],
    logLevel: "silent",
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

/**
 * @param {string} from a folder
 * @param {string} to a file
 */
const specifier = (from, to) => relative(from, to).split(sep).join("/");

/** @param {string} folder */
function tsconfig(folder) {
  const options = {
    extends: specifier(folder, join(root, "tsconfig.base.json")),
    compilerOptions: {
      noEmit: true,
      declaration: false,
      isolatedDeclarations: false,
      types: ["node"],
      tsBuildInfoFile: specifier(
        folder,
        join(root, "node_modules/.cache/typescript/doctest.tsbuildinfo"),
      ),
    },
    include: ["**/*.ts", specifier(folder, join(root, "scripts/doctest/runtime.ts"))],
  };
  return `${JSON.stringify(options, null, 2)}\n`;
}

/**
 * Touches only what differs, so that a watching test runner reruns only that.
 *
 * @param {string} folder
 * @param {Map<string, string>} modules
 */
function write(folder, modules) {
  for (const path of files(folder, () => true)) if (!modules.has(path)) rmSync(path);
  for (const [path, text] of modules) {
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
