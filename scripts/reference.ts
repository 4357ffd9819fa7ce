/**
 * Writes the reference: one page for each op, from its literal and its docstring.
 *
 *     npm run reference [-- folder]
 *
 * The pages go to docs/reference and are not committed: they follow from the code.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parse } from "@babel/parser";
import type { OpDefinition, PointwiseDefinition } from "@chainrule/core";
import * as ops from "../packages/core/src/ops/index.ts";

const root = join(import.meta.dirname, "..");
const folder = join(root, "packages/core/src/ops");

/** What the source says of an export. */
interface Source {
  readonly file: string;
  readonly line: number;
  /** The declared type, or the parameters and result of a function. */
  readonly signature: string;
  readonly description: string;
  readonly throws: readonly string[];
  readonly example: string;
  /** The rule of differentiation as the code has it, for general ops. */
  readonly vjp: string | undefined;
}

/** All exported constants and functions of the folder with their docstrings. */
function readSources(): Map<string, Source> {
  const found = new Map<string, Source>();
  const renamed = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".ts") || entry.endsWith(".test.ts")) continue;
    const path = join(folder, entry);
    const text = readFileSync(path, "utf8");
    const { program } = parse(text, {
      sourceType: "module",
      plugins: ["typescript"],
      attachComment: true,
    });
    for (const statement of program.body) {
      if (statement.type !== "ExportNamedDeclaration") continue;
      const { declaration } = statement;
      for (const specifier of statement.specifiers) {
        if (specifier.type !== "ExportSpecifier" || specifier.exported.type !== "Identifier")
          continue;
        if (specifier.exported.name !== specifier.local.name)
          renamed.set(specifier.exported.name, specifier.local.name);
      }
      const comment = statement.leadingComments?.at(-1)?.value ?? "";
      const place = { file: relative(root, path), line: statement.loc?.start.line ?? 0 };
      if (declaration?.type === "VariableDeclaration") {
        for (const { id, init } of declaration.declarations) {
          if (id.type !== "Identifier") continue;
          const type = id.typeAnnotation;
          const signature = type == null ? "" : text.slice(type.start! + 1, type.end!).trim();
          found.set(id.name, {
            ...place,
            signature,
            ...readComment(comment),
            vjp: ruleIn(init, text),
          });
        }
      } else if (declaration?.type === "FunctionDeclaration" && declaration.id != null) {
        const signature = text
          .slice(declaration.start!, declaration.body.start!)
          .replace(/^function /, "")
          .trim();
        // Of several overloads the last says all; the docstring stands at the first.
        const before = found.get(declaration.id.name);
        found.set(declaration.id.name, {
          ...place,
          signature,
          ...(before ?? readComment(comment)),
          vjp: undefined,
        });
      }
    }
  }
  for (const [name, declared] of renamed) {
    const source = found.get(declared);
    if (source !== undefined) found.set(name, source);
  }
  return found;
}

/** The source text of the property `vjp` in a call of defineOp. */
function ruleIn(init: unknown, text: string): string | undefined {
  const call = init as {
    type?: string;
    arguments?: {
      properties?: { key?: { name?: string }; value?: { start: number; end: number } }[];
    }[];
  };
  if (call?.type !== "CallExpression") return undefined;
  const value = call.arguments?.[0]?.properties?.find(
    (property) => property.key?.name === "vjp",
  )?.value;
  if (value === undefined) return undefined;
  const lines = text.slice(value.start, value.end).split("\n");
  const indent = Math.min(...lines.slice(1).map((line) => /^ */.exec(line)![0].length), 80);
  return lines.map((line, i) => (i === 0 ? line : line.slice(indent))).join("\n");
}

/** Splits a docstring into its description, what it throws, and its example. */
function readComment(comment: string): Pick<Source, "description" | "throws" | "example"> {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
  const sections: { tag: string; lines: string[] }[] = [{ tag: "", lines: [] }];
  for (const line of lines) {
    const tag = /^@(\w+)\s*(.*)$/.exec(line);
    if (tag === null) sections.at(-1)!.lines.push(line);
    else sections.push({ tag: tag[1]!, lines: [tag[2]!] });
  }
  const text = (tag: string): string[] =>
    sections
      .filter((section) => section.tag === tag)
      .map((section) => section.lines.join("\n").trim());
  const tidy = (part: string): string =>
    part.replaceAll(/\{@link ([^}]*)\}/g, "`$1`").replace(/^\{(\w+)\}/, "`$1`");
  return {
    description: tidy(text("")[0]!),
    throws: text("throws").map(tidy),
    example: text("example")[0] ?? "",
  };
}

type Documented = ((...args: never[]) => unknown) & {
  readonly op?: OpDefinition | PointwiseDefinition;
};

/** The signatures behind the short names of pointwise ops' types. */
const shortTypes: Readonly<Record<string, string>> = {
  Unary: "(x: TensorLike) => Tensor",
  UnaryWith: "(x: TensorLike, options?) => Tensor",
  Binary: "(a: TensorLike, b: TensorLike) => Tensor",
  BinaryWith: "(a: TensorLike, b: TensorLike, options?) => Tensor",
  Ternary: "(a: TensorLike, b: TensorLike, c: TensorLike) => Tensor",
};

/** `Op<S>` and the types of pointwise ops are written out as plain functions. */
function plainSignature(signature: string): string {
  const [, short, options] = /^(\w+)(?:<(.*)>)?$/s.exec(signature) ?? [];
  if (short === "Op") return options!;
  return shortTypes[short ?? ""]?.replace("options?", `options?: ${options}`) ?? signature;
}

function page(name: string, f: Documented, source: Source): string {
  const parts = [
    `# ${name}`,
    "",
    "```ts",
    `${name}: ${plainSignature(source.signature).replace(new RegExp(`^${name}`), "")}`,
    "```",
    "",
    source.description,
    "",
  ];
  const { op } = f;
  if (op === undefined)
    parts.push("A composition of other ops: its graph and its gradient are theirs.", "");
  else {
    parts.push(
      "## Forward",
      "",
      `$$${op.formula}$$`,
      "",
      "## Gradient",
      "",
      ...gradient(op, source),
      "",
    );
    if (op.edges.length > 0)
      parts.push("## Edge cases", "", ...op.edges.map((edge) => `- ${edge.note}`), "");
  }
  if (source.throws.length > 0)
    parts.push(
      "## Errors",
      "",
      ...source.throws.map((text) => `- ${text.replaceAll("\n", " ")}`),
      "",
    );
  if (source.example !== "")
    parts.push(
      "## Example",
      "",
      "```ts",
      source.example.replaceAll(/^```\w*$/gm, "").trim(),
      "```",
      "",
    );
  parts.push(`Source: \`${source.file}\``, "");
  return parts.join("\n");
}

function gradient(op: OpDefinition | PointwiseDefinition, source: Source): string[] {
  if (op.vjp === null) return ["None: the result does not depend on its operands smoothly."];
  if (op.kind === "pointwise") {
    return op.operands.map(
      (operand, i) =>
        `$$\\bar{${operand}} = \\bar{y} \\cdot ${bracketed(op.derivativeFormulas[i]!)}$$`,
    );
  }
  return [
    "From the cotangent of the result to those of the operands, as the code has it:",
    "",
    "```ts no-run",
    source.vjp ?? "",
    "```",
  ];
}

function bracketed(formula: string): string {
  return /[+-]|\\begin/.test(formula) ? `\\left(${formula}\\right)` : formula;
}

/** Writes all pages into a folder and returns the names of the ops they describe. */
export function writeReference(target: string): string[] {
  const sources = readSources();
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const table = Object.entries(ops).sort(([a], [b]) => a.localeCompare(b));
  const names = table.map(([name]) => name);
  const byFile = new Map<string, string[]>();
  for (const [name, f] of table) {
    const source = sources.get(name);
    if (source === undefined) throw new Error(`No source found for the op ${name}.`);
    writeFileSync(join(target, `${name}.md`), page(name, f as Documented, source));
    const subject = relative("packages/core/src/ops", source.file).replace(/\.ts$/, "");
    byFile.set(subject, [...(byFile.get(subject) ?? []), name]);
  }
  const index = ["# Reference", "", `${names.length} ops, by subject.`, ""];
  for (const [subject, members] of [...byFile].sort(([a], [b]) => a.localeCompare(b))) {
    index.push(`- **${subject}**: ${members.map((name) => `[${name}](${name}.md)`).join(", ")}`);
  }
  writeFileSync(join(target, "README.md"), `${index.join("\n")}\n`);
  return names;
}

if (process.argv[1]?.includes("reference")) {
  const target = process.argv[2] ?? join(root, "docs/reference");
  const names = writeReference(target);
  console.log(`${names.length} pages in ${relative(process.cwd(), target)}`);
}
