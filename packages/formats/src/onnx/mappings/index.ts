/**
 * Which ONNX nodes each op of the catalogue is, complete: an op that is added without an entry here is an error of types.
 */
import type { NodeOp, OpDefinition, PointwiseDefinition } from "@chainrule/core";
import * as core from "@chainrule/core";
import type { Mapping, Unmapped } from "../mapping.ts";
import { unmapped } from "../mapping.ts";
import { attentionMappings } from "./attention.ts";
import { convolutionMappings } from "./convolutions.ts";
import { gateMappings } from "./gates.ts";
import { imageMappings } from "./images.ts";
import { indexingMappings } from "./indexing.ts";
import { normMappings } from "./norms.ts";
import { poolMappings } from "./pools.ts";
import { recurrentMappings } from "./recurrent.ts";
import { reductionGradients, reductionMappings } from "./reductions.ts";
import { shapeMappings } from "./shapes.ts";

type Core = typeof core;

/** The names of all ops but the pointwise ones, whose expressions are all that need be known. */
export type MappedName = {
  [K in keyof Core]: Core[K] extends { readonly op: infer Definition }
    ? Definition extends PointwiseDefinition
      ? never
      : Definition extends OpDefinition
        ? K
        : never
    : never;
}[keyof Core];

const noMatrices = unmapped("ONNX has no such decomposition of matrices");

/** For each op its nodes, or why it has none. */
export const mappings: { readonly [Name in MappedName]: Mapping | Unmapped } = {
  ...shapeMappings,
  ...reductionMappings,
  ...convolutionMappings,
  ...poolMappings,
  ...imageMappings,
  ...indexingMappings,
  ...normMappings,
  ...gateMappings,
  ...attentionMappings,
  ...recurrentMappings,
  cholesky: noMatrices,
  cofactor: noMatrices,
  eigh: noMatrices,
  inv: noMatrices,
  inverse: noMatrices,
  lu: noMatrices,
  matrixExp: noMatrices,
  pinv: noMatrices,
  qr: noMatrices,
  slogdet: noMatrices,
  solve: noMatrices,
  solveTriangular: noMatrices,
  svd: noMatrices,
};

/** The mappings by what a recorded call knows: the definition of its op. */
const byDefinition = new Map<NodeOp, Mapping | Unmapped>();
for (const [name, member] of Object.entries(core)) {
  if (!Object.hasOwn(mappings, name)) continue;
  const key = name as MappedName;
  byDefinition.set((member as Core[MappedName]).op, mappings[key]);
}

/** What the engine itself records, known by name; the dimensions that `vmap` hides lie in front, hidden or not. */
const ofTheEngine: Readonly<Record<string, Mapping>> = {
  ...reductionGradients,
  hide: shapeMappings.alias,
  reveal: shapeMappings.alias,
};

/** The mapping of an op that is not pointwise; `undefined` for one that is not of the catalogue. */
export function mappingOf(op: NodeOp): Mapping | Unmapped | undefined {
  return (
    byDefinition.get(op) ?? (Object.hasOwn(ofTheEngine, op.name) ? ofTheEngine[op.name] : undefined)
  );
}

const ours = new Set<NodeOp>(
  Object.values(core).flatMap((member) =>
    typeof member === "function" && "op" in member ? [member.op as NodeOp] : [],
  ),
);

/** Whether an op is one of the catalogue, and not a user's of the same name. */
export function isOfCatalogue(op: NodeOp): boolean {
  return ours.has(op);
}

export function isPointwise(op: NodeOp): op is PointwiseDefinition {
  return (op as Partial<PointwiseDefinition>).kind === "pointwise";
}
