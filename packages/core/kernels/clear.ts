/**
 * Zeros.
 */
import { i32, local, memory } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { kernel } from "./assembler.ts";

/** clear(address, bytes): sets so many bytes to 0. */
export const clear: Kernel = kernel(["i32", "i32"], ([address, bytes]) => {
  local.get(address);
  i32.const(0);
  local.get(bytes);
  memory.fill();
});
