/**
 * All nodes of ONNX that can be computed.
 */
import type { Importer } from "./importer.ts";
import { indexingImporters } from "./indexing.ts";
import { normImporters } from "./norms.ts";
import { pointwiseImporters } from "./pointwise.ts";
import { recurrentImporters } from "./recurrent.ts";
import { reductionImporters } from "./reductions.ts";
import { shapeImporters } from "./shapes.ts";
import { windowImporters } from "./windows.ts";

/** By the name of the node. A Map, because names come from files. */
export const importers: ReadonlyMap<string, Importer> = new Map(
  [
    pointwiseImporters,
    shapeImporters,
    reductionImporters,
    windowImporters,
    indexingImporters,
    normImporters,
    recurrentImporters,
  ].flatMap((table) => Object.entries(table)),
);
