/**
 * Notebooks and the command line.
 */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { display, inspectCommand, toJSON } from "../src/index.ts";
import { programs } from "./programs.ts";

const trace = programs.diamond();

describe("display", () => {
  test("text, picture and page for notebooks; text for terminals", () => {
    const shown = display(trace, { language: "es" });
    const make: unknown = Reflect.get(shown, Symbol.for("Jupyter.display"));
    const bundle = (make as () => Record<string, string>)();
    expect(Object.keys(bundle)).toEqual(["text/plain", "image/svg+xml", "text/html"]);
    expect(bundle["text/html"]).toMatch(
      /^<iframe [^>]*srcdoc="&lt;!|^<iframe [^>]*srcdoc="<!doctype/,
    );
    expect(inspect(shown)).toContain("c = add");
    expect(String(shown)).toContain("c = add 4 ∂ 1");
    expect(() => shown.toNode()).toThrow(/no document/);
    expect(() => display(trace, { langauge: "es" } as never)).toThrow(/unknown option/);
  });
});

describe("chainrule-inspect", () => {
  const source = toJSON(trace);

  test.each([
    [["t.json"], /^c = add 4/],
    [["t.json", "--format", "svg"], /^<svg/],
    [["t.json", "--format=html", "--language=es"], /<html lang="es">/],
    [["t.json", "-o", "x.dot"], /^digraph/],
    [["-", "-o", "x.mmd"], /^flowchart/],
    [["t.json", "--format", "explain"], /∂c\/∂a = ∂c\/∂b·/],
    [["t.json", "-o", "x.md", "--language", "es"], /## Propagación hacia atrás/],
    [["t.json", "--format", "json"], /^\{"format":"chainrule-trace"/],
  ])("%j", (args, found) => {
    expect(inspectCommand(args).render(source, false)).toMatch(found);
  });

  test.each([
    [[], /expected one file, found 0/],
    [["a", "b"], /found 2/],
    [["a", "--format", "png"], /unknown format "png"/],
    [["a", "--colour"], /unknown argument "--colour"/],
    [["a", "-o"], /-o needs a value/],
    [["a", "--language", "fr"], /must be "en" or "es"/],
  ])("refuses %j", (args, message) => {
    expect(() => inspectCommand(args)).toThrow(message);
  });

  test("says how it is used, and what is wrong with a file", () => {
    expect(inspectCommand(["--help"])).toMatchObject({ input: null });
    expect(() => inspectCommand(["t.json"]).render("{}", false)).toThrow(/format is undefined/);
  });
});
