/**
 * The ops that are functions only, since their first argument is no single tensor: `cat([a, b])`.
 */
export { einsum } from "./einsum.ts";
export { where } from "./selection.ts";
