/**
 * The report of `npm run conformance`.
 */
import { parseArgs } from "node:util";
import type { AnyOp } from "@chainrule/testing";
import { checkOp } from "@chainrule/testing";

/** Tries all laws on every op of a module; gives the exit code. */
export function conform(
  exported: Readonly<Record<string, unknown>>,
  args: readonly string[],
): number {
  const { values } = parseArgs({
    args: [...args],
    options: { cases: { type: "string", default: "100" }, seed: { type: "string", default: "0" } },
  });
  const ops = Object.entries(exported).filter((entry): entry is [string, AnyOp] => isOp(entry[1]));
  if (ops.length === 0) {
    console.error("The file exports no op: nothing that defineOp or pointwise made.");
    return 2;
  }
  let broken = 0;
  for (const [name, op] of ops) {
    const report = checkOp(op, { cases: Number(values.cases), seed: Number(values.seed) });
    if (!report.ok) broken++;
    console.log(
      `${report.ok ? "✓" : "✗"} ${name === report.op ? "" : `${name}: `}${report.toString()}`,
    );
    const { tally } = report;
    console.log(
      `  ${report.cases} calls, ${tally.slopes} slopes compared, ${tally.kinkSkips} kink skips, ` +
        `${tally.mutations} changes in place, ${tally.rejected} refusals, ${tally.edges} edge rows`,
    );
    for (const advice of missing(op)) console.log(`  ! ${advice}`);
  }
  console.log(`\n${ops.length - broken} of ${ops.length} ops obey all laws`);
  return broken > 0 ? 1 : 0;
}

function isOp(value: unknown): value is AnyOp {
  return typeof value === "function" && "op" in value;
}

/** What a literal could say more. */
function missing({ op }: AnyOp): string[] {
  const advice: string[] = [];
  if (op.edges.length === 0)
    advice.push("no edge rows: pin kinks, ties, poles and empty tensors under `edges`");
  if (op.kind !== "pointwise" && op.rejects.length === 0)
    advice.push("no refusals: say what is a bad call under `rejects`");
  if (op.vjp === null) advice.push("no derivative");
  return advice;
}
