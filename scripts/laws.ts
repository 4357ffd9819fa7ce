/**
 * Tries the laws on every op, with as many calls as asked for:
 *
 *     npm run laws -- [--cases 1000] [--op matmul]… [--seed 1] [--law gradcheck]…
 */
import { parseArgs } from "node:util";
import * as core from "@chainrule/core";
import type { AnyOp } from "@chainrule/testing";
import { checkOp, opLaws } from "@chainrule/testing";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100" },
    seed: { type: "string", default: "0" },
    op: { type: "string", multiple: true },
    law: { type: "string", multiple: true },
  },
});
const ops = Object.entries(core).filter(
  (entry): entry is [string, Extract<(typeof entry)[1], AnyOp>] =>
    typeof entry[1] === "function" && "op" in entry[1],
);
const chosen = ops.filter(([name]) => values.op === undefined || values.op.includes(name));
const laws = opLaws.filter((law) => values.law === undefined || values.law.includes(law.name));
if (chosen.length === 0 || laws.length === 0) {
  console.error(
    chosen.length === 0
      ? `There is no op ${values.op?.join(", ")}.`
      : `There is no law ${values.law?.join(", ")}.`,
  );
  process.exit(2);
}

const start = performance.now();
const total = { ops: 0, calls: 0, slopes: 0, kinkSkips: 0, mutations: 0, refused: 0, broken: 0 };
for (const [name, op] of chosen) {
  const began = performance.now();
  const report = checkOp(op, { cases: Number(values.cases), seed: Number(values.seed), laws });
  total.ops++;
  total.calls += report.cases;
  total.slopes += report.tally.slopes;
  total.kinkSkips += report.tally.kinkSkips;
  total.mutations += report.tally.mutations;
  total.refused += report.tally.mutationsRefused;
  if (!report.ok) total.broken++;
  console.log(
    `${report.ok ? "✓" : "✗"} ${name === report.op ? "" : `${name}: `}${report.toString()} ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
}
console.log(
  `\n${total.ops} ops, ${total.calls} calls, ${total.slopes} slopes compared, ${total.kinkSkips} kink skips; ` +
    `${total.mutations} changes in place, ${total.refused} refused, the others without effect; ` +
    `${total.broken} ops broke a law. ${((performance.now() - start) / 1000).toFixed(1)} s`,
);
process.exitCode = total.broken > 0 ? 1 : 0;
