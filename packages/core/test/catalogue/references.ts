/**
 * Which ops the golden values try, forward or backward, and which have a reference of another kind.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { observe } from "@chainrule/core";
import { checkEdgeCase, edgeCases } from "../golden/edges.ts";
import { checkOpCase, opCases } from "../golden/operations.ts";
import { checkSecondOrderCase, secondOrderCases } from "../golden/second-order.ts";
import { signatures } from "../golden/signatures/index.ts";

/** The names of the ops that run while the golden cases do. */
export function opsInGolden(): {
  readonly values: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
} {
  const values = namesOf(() => {
    for (const [name, cases] of opCases) {
      const signature = signatures[name];
      if (signature === undefined) continue;
      for (const one of cases) attempt(() => checkOpCase(signature, one, "float64"));
    }
    for (const one of secondOrderCases) attempt(() => checkSecondOrderCase(one));
  });
  const edges = namesOf(() => {
    for (const one of edgeCases) attempt(() => checkEdgeCase(one));
  });
  return { values, edges };
}

function namesOf(body: () => void): Set<string> {
  const names = new Set<string>();
  observe({ computed: ({ name }) => void names.add(name) }, body);
  return names;
}

/** What is wrong with a case is for its own test to say. */
function attempt(check: () => unknown): void {
  try {
    check();
  } catch {
    return;
  }
}

/**
 * Ops that PyTorch 1.13 does not have, or whose golden values would prove nothing, with the test that compares them with
 * something independent: another formula, a plain loop, published values. Paths start at `packages/core`.
 */
const independent: Readonly<Record<string, string>> = {
  addcdiv: "src/ops/addcmul.test.ts",
  alias: "test/definitions.test.ts",
  argsort: "src/ops/ordering.test.ts",
  clone: "src/ops/indexing.test.ts",
  deg2rad: "test/definitions.test.ts",
  eigh: "test/definitions.test.ts",
  embeddingRows: "test/functional/embedding.test.ts",
  gruGates: "test/functional/gates.test.ts",
  gruGatesGradient: "test/functional/gates.test.ts",
  gruSequence: "test/functional/sequences.test.ts",
  gruSequenceGradient: "test/functional/sequences.test.ts",
  isclose: "test/definitions.test.ts",
  lerp: "test/definitions.test.ts",
  logicalAnd: "test/definitions.test.ts",
  logicalNot: "test/definitions.test.ts",
  logicalOr: "test/definitions.test.ts",
  logicalXor: "test/definitions.test.ts",
  attention: "test/functional/attention.test.ts",
  attentionGradient: "test/functional/attention.test.ts",
  lstmGates: "test/functional/gates.test.ts",
  lstmGatesGradient: "test/functional/gates.test.ts",
  lstmSequence: "test/functional/sequences.test.ts",
  lstmSequenceGradient: "test/functional/sequences.test.ts",
  lu: "test/definitions.test.ts",
  matrixExp: "test/definitions.test.ts",
  nanmedian: "src/ops/ordering.test.ts",
  // PyTorch's value at −9 is 0.
  ndtr: "test/definitions.test.ts",
  nonzero: "src/ops/indexing.test.ts",
  oneHot: "src/ops/indexing.test.ts",
  pinv: "test/definitions.test.ts",
  polygamma: "test/definitions.test.ts",
  qr: "test/definitions.test.ts",
  rad2deg: "test/definitions.test.ts",
  rnnSequence: "test/functional/sequences.test.ts",
  rnnSequenceGradient: "test/functional/sequences.test.ts",
  scatterReduce: "src/ops/scattering.test.ts",
  searchsorted: "src/ops/scattering.test.ts",
  signbit: "test/definitions.test.ts",
};

/** Whether the op has an independent reference; throws if the test named for it does not mention it. */
export function hasIndependentReference(name: string): boolean {
  const file = independent[name];
  if (file === undefined) return false;
  const path = join(import.meta.dirname, "../..", file);
  if (!existsSync(path)) throw new Error(`references: there is no test ${file} for ${name}`);
  if (!new RegExp(`\\b${name}\\b`).test(readFileSync(path, "utf8"))) {
    throw new Error(`references: ${file} does not mention ${name}`);
  }
  return true;
}
