/**
 * Bundles what the pages of the inspector run: their scripts, and the engine that computes a trace anew. They go,
 * as text, into a source file that is not committed, with the checksums that the page's security policy names. Does
 * nothing when that is there already.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { files, fromRoot, isSource, root } from "./workspace.mjs";

const inspect = join(root, "packages/inspect/src");
const core = join(root, "packages/core/src");
const target = join(inspect, "page/bundle.generated.ts");
const formulas = join(inspect, "render/temml.generated.ts");

export async function writePage() {
  const hash = createHash("sha256").update(readFileSync(join(root, "pnpm-lock.yaml")));
  hash.update(readFileSync(import.meta.filename));
  const wanted = (/** @type {string} */ path) =>
    (isSource(path) || path.endsWith(".css")) && !path.endsWith(".generated.ts");
  for (const folder of [core, inspect])
    for (const path of files(folder, wanted)) hash.update(path).update(readFileSync(path));
  const key = hash.digest("hex");
  const isMade = (/** @type {string} */ path) =>
    existsSync(path) && readFileSync(path, "utf8").includes(key);
  if (isMade(target) && isMade(formulas)) return;

  const { build, transform } = await import("esbuild");
  /** @type {import("esbuild").BuildOptions} */
  const options = {
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    conditions: ["chainrule-source"],
    nodePaths: [join(root, "node_modules")],
    absWorkingDir: root,
    logLevel: "error",
    define: { "import.meta.url": '"https://page.invalid/core/src/graph/site.ts"' },
  };
  const bundle = async (/** @type {string} */ entry) => {
    const { outputFiles } = await build({
      ...options,
      entryPoints: [join(inspect, entry)],
      plugins: [await withoutTests()],
    });
    return outputFiles?.[0]?.text.trimEnd() ?? "";
  };
  const styled = async (/** @type {string} */ path) => {
    const css = await styles(build, options, path);
    return (await transform(css, { loader: "css", minify: true })).code.trimEnd();
  };
  const [boot, script, engine, style, exerciseScript, exerciseStyle] = await Promise.all([
    bundle("page/boot.ts"),
    bundle("page/main.ts"),
    bundle("page/engine.ts"),
    styled("page/page.css"),
    bundle("exercise/page.ts"),
    styled("exercise/page.css"),
  ]);
  const licence = readFileSync(join(inspect, "../node_modules/@dagrejs/dagre/LICENSE"), "utf8");
  const mainScript = `/* With dagre, https://github.com/dagrejs/dagre:\n${licence.trim()}\n*/\n${script}`;
  const checksum = (/** @type {string} */ text) =>
    `sha256-${createHash("sha256").update(text).digest("base64")}`;
  const constants = {
    pageBoot: [boot, "The first script of the page."],
    pageBootHash: [checksum(boot), "Its checksum, for the security policy."],
    pageScript: [packed(mainScript), "The script of the page, packed."],
    pageScriptHash: [checksum(mainScript), "The checksum of what is packed."],
    pageStyle: [style, "How the page looks."],
    pageStyleHash: [checksum(style), "Its checksum."],
    pageEngine: [packed(engine), "The engine, packed."],
    pageEngineHash: [checksum(engine), "The checksum of what is packed."],
    exerciseScript: [exerciseScript, "The script of an exercise."],
    exerciseScriptHash: [checksum(exerciseScript), "Its checksum."],
    exerciseStyle: [exerciseStyle, "How an exercise looks."],
    exerciseStyleHash: [checksum(exerciseStyle), "Its checksum."],
  };
  const lines = Object.entries(constants).map(
    ([name, [text, comment]]) =>
      `/** ${comment} */\nexport const ${name}: string =\n  ${JSON.stringify(text)};`,
  );
  write(formulas, await temml(build, options, key));
  const source = `/**\n * Made by ${fromRoot(import.meta.filename)}.\n * ${key}\n */\n${lines.join("\n")}\n`;
  write(target, source);
}

/**
 * Deflated, and written with eleven signs for nine bytes as `page/boot.ts` reads them. The first byte is the number of
 * those that are there to fill the last nine.
 *
 * @param {string} script
 */
function packed(script) {
  const deflated = deflateRawSync(Buffer.from(script), { level: 9 });
  const rest = (9 - ((deflated.length + 1) % 9)) % 9;
  const bytes = Buffer.concat([Buffer.from([rest]), deflated, Buffer.alloc(rest)]);
  let text = "";
  for (let from = 0; from < bytes.length; from += 9) {
    let number = BigInt(`0x${bytes.toString("hex", from, from + 9)}`);
    let group = "";
    for (let i = 0; i < 11; i++) {
      const digit = Number(number % 94n);
      group = String.fromCharCode(digit === 28 ? 126 : digit + 32) + group;
      number /= 94n;
    }
    text += group;
  }
  return text;
}

/**
 * Several commands may do this at once: a file appears whole.
 *
 * @param {string} path
 * @param {string} text
 */
function write(path, text) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

/**
 * Temml, which writes to `__proto__` as it loads: where Node or a page forbids that, it could not be used as it is.
 *
 * @param {typeof import("esbuild").build} build
 * @param {import("esbuild").BuildOptions} options
 * @param {string} key
 */
async function temml(build, options, key) {
  const folder = join(root, "packages/inspect/node_modules/temml");
  const { outputFiles } = await build({
    ...options,
    entryPoints: [join(folder, "dist/temml.mjs")],
    globalName: "temml",
    plugins: [
      {
        name: "prototypes",
        setup({ onLoad }) {
          onLoad({ filter: /temml\.mjs$/ }, ({ path }) => ({
            contents: readFileSync(path, "utf8").replace(
              /(\w+(?:\.prototype)?)\.__proto__ = (\w+\.prototype);/g,
              "Object.setPrototypeOf($1, $2);",
            ),
          }));
        },
      },
    ],
  });
  const licence = readFileSync(join(folder, "LICENSE"), "utf8").replaceAll("*/", "").trim();
  return `// @ts-nocheck
/*
Temml, bundled by ${fromRoot(import.meta.filename)}.
${key}

${licence}
*/
${outputFiles?.[0]?.text ?? ""}
/** TeX as MathML. */
export const renderToString: (tex: string, options: object) => string = temml.default.renderToString;
`;
}

/**
 * The colours come from the same place as those of pictures.
 *
 * @param {typeof import("esbuild").build} build
 * @param {import("esbuild").BuildOptions} options
 * @param {string} path
 */
async function styles(build, options, path) {
  const { outputFiles } = await build({
    ...options,
    entryPoints: [join(inspect, "render/style.ts")],
    format: "esm",
    minify: false,
  });
  const text = outputFiles?.[0]?.text ?? "";
  const { colorRules, graphRules } = await import(
    `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`
  );
  return `${colorRules(":root")}${graphRules}${readFileSync(join(inspect, path), "utf8")}`;
}

/**
 * Ops without what they are tested by, without their formulas, which the trace has, without rules for `vmap` and for gradients of gradients; and an engine of plain loops, which
 * does not make code from text: the page's policy forbids it.
 *
 * @returns {Promise<import("esbuild").Plugin>}
 */
async function withoutTests() {
  const { parse } = await import("@babel/parser");
  /** @type {import("@babel/parser").ParserOptions} */
  const options = { sourceType: "module", plugins: ["typescript"] };
  const isRows = (/** @type {any} */ { type }) =>
    ["ArrayExpression", "CallExpression"].includes(type);
  const isFormula = (/** @type {any} */ { type }) =>
    ["StringLiteral", "TemplateLiteral", "TaggedTemplateExpression"].includes(type);
  const isRule = (/** @type {any} */ { type }) =>
    ["ArrowFunctionExpression", "Identifier", "CallExpression"].includes(type);
  // What an op is tried by, its formula, and its rule for vmap, which no page calls.
  const unneeded = new Map([
    ["samples", { when: isRows, text: "[]" }],
    ["rejects", { when: isRows, text: "[]" }],
    ["edges", { when: isRows, text: "[]" }],
    ["formula", { when: isFormula, text: '""' }],
    ["batch", { when: isRule, text: "undefined" }],
    ["saves", { when: isRule, text: "undefined" }],
  ]);
  /**
   * The rule of an op that is a gradient itself: for derivatives of second order, which the page does not compute anew.
   *
   * @param {any} literal
   */
  const secondOrderRule = (literal) => {
    const property = (/** @type {string} */ name) =>
      literal.properties.find((/** @type {any} */ { key }) => key?.name === name)?.value;
    const name = property("name");
    return name?.type === "StringLiteral" && name.value.endsWith("Gradient")
      ? property("vjp")
      : undefined;
  };
  return {
    name: "without-tests",
    setup({ onLoad }) {
      onLoad({ filter: /core[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        if (path.endsWith(join("src", "fluent.ts"))) return { contents: "export {};" };
        // Nobody registers hooks in a page, either.
        if (path.includes(join("src", "accelerated")) || path.endsWith(join("graph", "hooks.ts")))
          return { contents: absent(text) };
        if (path.endsWith(join("scalar", "tex.ts")))
          return { contents: 'export const toTeX = () => "";' };
        if (path.endsWith(join("scalar", "notation.ts"))) return { contents: unwritten(text) };
        if (path.endsWith(join("src", "print.ts")))
          return { contents: 'export const format = () => "tensor";' };
        if (path.endsWith(join("scalar", "gamma.ts"))) return { contents: missing(text) };
        if (path.endsWith(join("kernels", "specialize.ts"))) {
          const contents = text.replace('new Function("return 1")() === 1', "false");
          if (contents === text) throw new Error(`${fromRoot(path)}: the probe was not found`);
          return { contents, loader: "ts" };
        }
        return { contents: withoutRows(uncompiled(text)), loader: "ts" };
      });
    },
  };

  /**
   * A page compiles no functions, so there is never a capture: the minifier drops what is only for one.
   *
   * @param {string} text
   */
  function uncompiled(text) {
    return text
      .replace(/\bcapture\?\./g, "null?.")
      .replace(/\bcapture !== null/g, "false")
      .replace(/\bcapture === null/g, "true");
  }

  /**
   * Accelerated kernels that are not there: asked to compute something, they say no (`false` or `null`, as their types
   * have it), and plain loops do it. What has no such answer is an error when it is called, unless it is known here.
   *
   * @param {string} text
   */
  function absent(text) {
    const known = new Map([
      ["acceleratedUpdate", "return () => false"],
      ["clearArray", "data.fill(0)"],
      ["setBackend", 'return "reference"'],
      ["throughHooks", "return gradient"],
      ["callAccumulationHooks", ""],
    ]);
    /** @type {string[]} */
    const made = [...(text.match(/^export const \w+ = \d+;$/gm) ?? [])];
    for (const statement of parse(text, options).program.body) {
      if (statement.type !== "ExportNamedDeclaration") continue;
      const { declaration } = statement;
      if (declaration?.type === "ClassDeclaration" && declaration.id)
        made.push(`export class ${declaration.id.name} {}`);
      if (declaration?.type !== "FunctionDeclaration" || !declaration.id) continue;
      const { name } = declaration.id;
      const { returnType, params } = declaration;
      const result = text.slice(returnType?.start ?? 0, returnType?.end ?? 0);
      const answer = /\bboolean$/.test(result)
        ? "return false"
        : /\bnull$/.test(result)
          ? "return null"
          : `throw new Error("${name} is not in this page")`;
      const list = params.map(
        (/** @type {any} */ param) =>
          param.name ?? (param.type === "RestElement" ? `...${param.argument.name}` : "_"),
      );
      made.push(`export function ${name}(${list.join()}) {${known.get(name) ?? answer}}`);
    }
    return made.join("\n");
  }

  /**
   * Functions that no op of the page calls.
   *
   * @param {string} text
   */
  function missing(text) {
    const constants = text.match(/^export const \w+ = \d+;$/gm) ?? [];
    const functions = Array.from(
      text.matchAll(/^export function (\w+)/gm),
      ([, name]) => `export function ${name}(){throw new Error("${name} is not in this page")}`,
    );
    return [...constants, ...functions].join("\n");
  }

  /**
   * How formulas are written: not at all. Of whatever is asked for comes a function that does the same.
   *
   * @param {string} text
   */
  function unwritten(text) {
    const names = Array.from(
      text.matchAll(/^export (?:function|const) (\w+)/gm),
      ([, name]) => name,
    );
    return `const none = () => none;\nexport { ${names.map((name) => `none as ${name}`).join(", ")} };`;
  }

  /** @param {string} text */
  function withoutRows(text) {
    if (!/\b(?:defineOp|makeOp|pointwise)\(/.test(text)) return text;
    const program = parse(text, options).program;
    /** @type {[number, number, string][]} */
    const cuts = [];
    /** @type {any[]} */
    const stack = [program];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.type === "ObjectExpression") {
        const rule = secondOrderRule(node);
        if (rule !== undefined) {
          cuts.push([rule.start, rule.end, "undefined"]);
          stack.push(...node.properties.filter((/** @type {any} */ { value }) => value !== rule));
          continue;
        }
      }
      const empty = node.type === "ObjectProperty" ? unneeded.get(node.key.name) : undefined;
      if (empty?.when(node.value)) {
        cuts.push([node.value.start, node.value.end, empty.text]);
        continue;
      }
      for (const [key, child] of Object.entries(node)) {
        if (key === "loc") continue;
        for (const one of Array.isArray(child) ? child : [child])
          if (typeof one?.type === "string") stack.push(one);
      }
    }
    let cut = text;
    for (const [start, end, empty] of cuts.sort((a, b) => b[0] - a[0]))
      cut = `${cut.slice(0, start)}${empty}${cut.slice(end)}`;
    return cut;
  }
}
