/**
 * The law of gradients.
 */
import { checkCall } from "../gradcheck.ts";
import type { Law } from "./law.ts";
import { LawViolation } from "./law.ts";

/** Derivatives of the first and second order agree with finite differences. */
export const gradients: Law = {
  name: "gradcheck",
  statement: "derivatives of orders 1 and 2 agree with finite differences, to 1e-6 and 1e-5",
  appliesTo: (op) => op.op.vjp !== null,
  onCall: (call, tally) => {
    const { differentiable } = call;
    if (!differentiable.includes(true)) return;
    const report = checkCall(
      call.op,
      call.args,
      { order: 2, seed: call.seed },
      (_tensor, i) => differentiable[i]!,
    );
    tally.slopes += report.comparisons;
    tally.kinkSkips += report.kinkSkips;
    if (report.kinkSkips > 0) tally.kinkCalls++;
    if (!report.ok) throw new LawViolation(report.toString());
  },
};
