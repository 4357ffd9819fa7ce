/**
 * The command line, `npx chainrule-inspect`, without what touches files: that is in `bin/`.
 */
import { ArgumentError, quoted } from "@chainrule/core";
import { explain } from "../explain/explain.ts";
import { toDot, toMermaid } from "../render/graphs.ts";
import { checkLanguage, toHTML } from "../render/html.ts";
import { toSVG } from "../render/svg.ts";
import { toText } from "../render/text.ts";
import { readTrace } from "../trace/read.ts";
import type { Trace } from "../trace/schema.ts";

const usage = `chainrule-inspect trace.json [--format text|svg|html|dot|mermaid|explain|json] [--language en|es] [--max-nodes 150] [-o file]

Draws a trace, as toJSON of @chainrule/inspect writes it, or explains it as a worked example (Markdown for a file that
ends in .md). "-" reads from standard input.`;

/** What the command is to do, read from its arguments. */
export interface InspectCommand {
  /** The file to read, `"-"` for standard input; `null`: only `text` is to be shown. */
  readonly input: string | null;
  /** The file to write; `null`: standard output. */
  readonly output: string | null;
  /** How to use the command, where that was asked for. */
  readonly text: string;
  /** From the file's text to what is written. */
  readonly render: (source: string, isTerminal: boolean) => string;
}

const values = ["format", "language", "max-nodes", "output"] as const;

/**
 * Reads the arguments of `chainrule-inspect`.
 *
 * @throws {ArgumentError} for an unknown argument, format or language, or without a file.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, inspectCommand, toJSON } from "@chainrule/inspect";
 * const { output, render } = inspectCommand(["trace.json", "--format", "dot", "-o", "graph.dot"]);
 * output; // → graph.dot
 * render(toJSON(capture(tensor(3, { requiresGrad: true }).exp())), false); // → digraph {…}
 */
export function inspectCommand(args: readonly string[]): InspectCommand {
  const given = new Map<string, string>();
  const files: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--help" || arg === "-h")
      return { input: null, output: null, text: usage, render: () => usage };
    if (arg === "-" || !arg.startsWith("-")) {
      files.push(arg);
      continue;
    }
    const [name = "", ...rest] = (arg === "-o" ? "--output" : arg).replace(/^-+/, "").split("=");
    if (!(values as readonly string[]).includes(name))
      throw new ArgumentError(`chainrule-inspect: unknown argument ${quoted(arg)}.\n\n${usage}`);
    const value = rest.length > 0 ? rest.join("=") : args[++i];
    if (value === undefined)
      throw new ArgumentError(`chainrule-inspect: ${arg} needs a value.\n\n${usage}`);
    given.set(name, value);
  }
  const [input] = files;
  if (input === undefined || files.length > 1) {
    throw new ArgumentError(
      `chainrule-inspect: expected one file, found ${files.length}.\n\n${usage}`,
    );
  }
  const output = given.get("output") ?? null;
  const format = given.get("format") ?? formatOf(output);
  const language = checkLanguage("chainrule-inspect", given.get("language"));
  const maxNodes = given.get("max-nodes");
  const view = maxNodes === undefined ? {} : { maxNodes: Number(maxNodes) };
  const renderers: Readonly<Record<string, (trace: Trace, isTerminal: boolean) => string>> = {
    text: (trace, color) => toText(trace, { ...view, color }),
    svg: (trace) => toSVG(trace, view),
    html: (trace) => toHTML(trace, { ...view, language }),
    dot: (trace) => toDot(trace, view),
    mermaid: (trace) => toMermaid(trace, view),
    explain: (trace) =>
      explain(trace, { language, format: output?.endsWith(".md") ? "markdown" : "text" }),
    json: (trace) => JSON.stringify(trace),
  };
  const renderer = Object.hasOwn(renderers, format) ? renderers[format] : undefined;
  if (renderer === undefined) {
    throw new ArgumentError(
      `chainrule-inspect: unknown format ${quoted(format)}. Known: ${Object.keys(renderers).join(", ")}.`,
    );
  }
  return {
    input,
    output,
    text: "",
    render: (source, isTerminal) => renderer(readTrace(source), isTerminal),
  };
}

/** The format that goes with a file's name. */
function formatOf(output: string | null): string {
  const ending = output === null ? "" : output.slice(output.lastIndexOf(".") + 1);
  return (
    {
      svg: "svg",
      html: "html",
      dot: "dot",
      gv: "dot",
      mmd: "mermaid",
      md: "explain",
      json: "json",
    }[ending] ?? "text"
  );
}
