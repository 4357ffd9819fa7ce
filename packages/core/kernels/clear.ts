/**
 * The same number again and again.
 */
import { f32, f32x4, i32, local, memory } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { kernel, store, whileBelow } from "./assembler.ts";

/** clear(address, bytes): sets so many bytes to 0. */
export const clear: Kernel = kernel(["i32", "i32"], ([address, bytes]) => {
  local.get(address);
  i32.const(0);
  local.get(bytes);
  memory.fill();
});

/** fill(address, count, value): sets so many numbers to one. */
export const fill: Kernel = kernel(["i32", "i32", "f32"], ([address, count, value], scope) => {
  const end = scope.i32();
  const four = scope.v128();
  local.set(four, f32x4.splat(value));
  local.set(end, i32.add(address, i32.shl(i32.and(count, -4), 2)));
  whileBelow(address, end, 16, () => store(address, four));
  local.set(end, i32.add(end, i32.shl(i32.and(count, 3), 2)));
  whileBelow(address, end, 4, () => {
    f32.store({}, address, value);
  });
});
