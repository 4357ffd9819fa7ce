/** What an example calls while it runs: see instrument.mjs, which puts the calls there. */
import { format, inspect } from "node:util";
import { test } from "vitest";

/** Registers an example as a test. Whatever it throws is told with its place in the documentation. */
export function example(file: string, line: number, load: () => Promise<unknown>): void {
  test(`${file}:${line}`, async () => {
    const log = console.log;
    console.log = (...values: unknown[]) => {
      captures.at(-1)?.push(format(...values));
    };
    try {
      await load();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!(error instanceof Mismatch)) {
        const stack = error.stack ?? "";
        const at = new RegExp(`${file}/L\\d+\\.ts:(\\d+)`).exec(stack)?.[1] ?? line;
        const { message } = error;
        error.message = `${file}:${at}: ${message}`;
        error.stack = stack.replace(message, () => error.message);
      }
      throw error;
    } finally {
      console.log = log;
      captures.length = 0;
    }
  });
}

/** An example that does not give what its comment says. */
export class Mismatch extends Error {
  override name = "Mismatch";
}

/** What is logged, innermost statement last. */
const captures: string[][] = [];

/** The checks of the examples in one file. */
export function checks(file: string): Checks {
  return {
    begin() {
      captures.push([]);
      return "begun";
    },

    gives(_begun, value, expected, line) {
      const logged = captures.pop() ?? [];
      const actual = value === undefined && logged.length > 0 ? [logged.join("\n")] : prints(value);
      if (!actual.some((text) => matches(text, expected))) {
        throw new Mismatch(`${file}:${line}: expected\n${expected}\nbut got\n${actual[0]}`);
      }
      return value;
    },

    logs(expected, line) {
      const logged = (captures.pop() ?? []).join("\n");
      if (!matches(logged, expected)) {
        throw new Mismatch(`${file}:${line}: expected\n${expected}\nbut it logs\n${logged}`);
      }
    },

    throws(run, expected, line) {
      const compare = (error: unknown) => {
        const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        if (!matches(text, `…${expected}…`)) {
          throw new Mismatch(
            `${file}:${line}: expected it to throw\n${expected}\nbut got\n${text}`,
          );
        }
      };
      const none = () => {
        throw new Mismatch(`${file}:${line}: expected it to throw\n${expected}`);
      };
      let result: unknown;
      try {
        result = run();
      } catch (error) {
        compare(error);
        return Promise.resolve();
      }
      return result instanceof Promise ? result.then(none, compare) : none();
    },
  };
}

/** The calls that instrument.mjs writes. */
export interface Checks {
  /** Starts to collect what is logged. */
  begin(): "begun";
  /** Checks a value or, if there is none, what was logged while it was made. Gives the value. */
  gives<T>(begun: "begun", value: T, expected: string, line: number): T;
  /** Checks what was logged since `begin`. */
  logs(expected: string, line: number): void;
  /** Checks the error of a function, or of the promise that it gives. */
  throws(run: () => unknown, expected: string, line: number): Promise<void>;
}

/** The ways to write a value down that an example may use. */
function prints(value: unknown): string[] {
  const forms = [inspect(value, { depth: 8, breakLength: 100 })];
  if (typeof value === "string") forms.unshift(value);
  else if (typeof value !== "object" || value === null) forms.push(String(value));
  else if (typeof value.toString === "function") forms.unshift(String(value));
  return forms;
}

/** Whether two texts are the same up to white space and the kind of quotes; `…` is any text. */
export function matches(actual: string, expected: string): boolean {
  const pattern = normalize(expected)
    .split("…")
    .map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^]*");
  return new RegExp(`^${pattern}$`).test(normalize(actual));
}

function normalize(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/([([{]) /g, "$1")
    .replace(/ ([)\]}])/g, "$1")
    .replace(/, ?/g, ", ")
    .replace(/['`]/g, '"')
    .trim();
}
