/**
 * Plants faults in ops, and counts how many of them the laws catch:
 *
 *     npm run faults -- [--count 60] [--seed 0]
 */
import { parseArgs } from "node:util";
import * as core from "@chainrule/core";
import type { AnyOp } from "@chainrule/testing";
import { checkFaults } from "@chainrule/testing";

const { values } = parseArgs({
  options: { count: { type: "string", default: "60" }, seed: { type: "string", default: "0" } },
});
const ops = Object.values(core).filter(
  (value): value is Extract<typeof value, AnyOp> => typeof value === "function" && "op" in value,
);
const { planted, missed } = checkFaults(ops, {
  count: Number(values.count),
  seed: Number(values.seed),
});
for (const { op, fault, caughtBy } of planted) {
  console.log(
    `${caughtBy.length > 0 ? "✓" : "✗"} ${op}: ${fault} (${caughtBy.join(", ") || "not caught"})`,
  );
}
console.log(`\n${planted.length} faults planted, ${planted.length - missed.length} caught`);
process.exitCode = missed.length > 0 || planted.length === 0 ? 1 : 0;
