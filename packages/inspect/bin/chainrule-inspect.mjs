#!/usr/bin/env node
/**
 * The command line of @chainrule/inspect.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { inspectCommand } from "@chainrule/inspect";

try {
  const { input, output, text, render } = inspectCommand(process.argv.slice(2));
  if (input === null) console.log(text);
  else {
    const source = readFileSync(input === "-" ? 0 : input, "utf8");
    const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
    const made = render(source, output === null && isTerminal);
    if (output === null) process.stdout.write(made.endsWith("\n") ? made : `${made}\n`);
    else writeFileSync(output, made);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
