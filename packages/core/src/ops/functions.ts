/**
 * The ops that are functions only: their first argument is no single tensor, as in `cat([a, b])`, or they are parts of
 * which derivatives are made.
 */
export { cat } from "./cat.ts";
export { cartesianProd } from "./combinations.ts";
export { atleast1d, atleast2d, atleast3d } from "./dimensions.ts";
export { einsum } from "./einsum.ts";
export { broadcastTensors } from "./expand.ts";
export * from "./functional/functions.ts";
export { vecdot } from "./linalg.ts";
export * from "./loss/index.ts";
export { meshgrid } from "./meshgrid.ts";
export { multiDot } from "./multi-dot.ts";
export { bucketize, searchsorted } from "./search.ts";
export { where } from "./selection.ts";
export { polygamma } from "./special.ts";
export { stack } from "./stack.ts";
export { blockDiag, columnStack, dstack, hstack, vstack } from "./stacks.ts";
export { trilIndices, triuIndices } from "./triangle.ts";
