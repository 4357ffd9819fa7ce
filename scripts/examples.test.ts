/**
 * The programs of docs/examples in their short form: each says itself what it must reach.
 */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test, vi } from "vitest";

const folder = join(import.meta.dirname, "../docs/examples");
/** Programs of an older kind, which other tests run. */
const elsewhere = ["custom-gradients", "implicit-differentiation", "my-op", "newton", "quickstart"];

const names = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
  .map((name) => basename(name, ".ts"))
  .filter((name) => !elsewhere.includes(name));

test.each(names)("docs/examples/%s.ts reaches its result", async (name) => {
  const { main }: { main?: (short: boolean) => unknown } = await import(join(folder, `${name}.ts`));
  expect(main, "an example exports async function main(short = false)").toBeTypeOf("function");
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  try {
    await main!(true);
    expect(log).toHaveBeenCalled();
  } finally {
    log.mockRestore();
  }
});
