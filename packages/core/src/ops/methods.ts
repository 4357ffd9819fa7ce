/**
 * The ops that are functions and methods of tensors: `matmul(a, b)` and `a.matmul(b)`.
 */
export { alias } from "./alias.ts";
export { add, mul, neg, sub } from "./arithmetic.ts";
export { at, place } from "./at.ts";
export { to } from "./convert.ts";
export { expand, sumTo } from "./expand.ts";
export { matmul } from "./matmul.ts";
export { bmm, dot, inner, mm, mv, outer, vdot } from "./products.ts";
export { reshape } from "./reshape.ts";
export { sum } from "./sum.ts";
export { trace } from "./trace.ts";
export { permute, transpose } from "./transpose.ts";
