import { Generator } from "@chainrule/core";
import { expect, test } from "vitest";
import { killAndResume } from "./killing.ts";

/** `npm run killed` does it fifty times. */
const kills = Number(process.env.CHAINRULE_KILLS ?? 3);

test("a run that is killed at random moments ends as if nobody had", {
  timeout: 600_000,
}, async () => {
  const generator = new Generator(Number(process.env.CHAINRULE_SEED ?? 1));
  const report = await killAndResume(kills, kills > 3 ? 6 : 3, () => generator.uniform());
  if (kills > 3) console.log(report);
  expect(report).toMatchObject({ kills, same: true });
});
