/**
 * The op table: everything that can be computed and differentiated. Tools and laws walk over it.
 */
export * from "./functions.ts";
export * from "./methods.ts";
