/**
 * All laws, in the order in which they are tried.
 */
import { gradients } from "./gradients.ts";
import type { Law } from "./law.ts";
import { broadcasts, viewsAreCopies } from "./layouts.ts";
import { mutation } from "./mutation.ts";
import { deterministic, generatedIsInterpreted, methodIsFunction } from "./repetition.ts";
import { edges, rejects } from "./rows.ts";
import { dtypes, shapeRule } from "./shapes.ts";
import { compiledIsCalled, forwardIsReverse, vmapIsLoop } from "./transforms.ts";

/** The laws that every op must obey. */
export const opLaws: readonly Law[] = [
  shapeRule,
  dtypes,
  gradients,
  broadcasts,
  viewsAreCopies,
  generatedIsInterpreted,
  deterministic,
  methodIsFunction,
  mutation,
  forwardIsReverse,
  vmapIsLoop,
  compiledIsCalled,
  rejects,
  edges,
];
