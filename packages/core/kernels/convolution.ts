/**
 * What turns convolutions into matrix products: windows of a padded image as panels, and products given back to the
 * places of the windows.
 */
import type { Local } from "wasmati";
import { f32, f32x4, i32, if_, local } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { advance, forEach, kernel, load, store, whileBelow } from "./assembler.ts";

/**
 * gather(target, image, lines, along, lineCount, alongCount): panels of `width` lines, as of `pack`. The number of a
 * line and a step lies at image + lines[line] + along[step], which are tables of bytes. Lines that a panel lacks are
 * those of the last one again.
 */
export function gather(width: number): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [target, image, lines, along, lineCount, alongCount] = args;
    const first = scope.i32();
    const step = scope.i32();
    const end = scope.i32();
    const place = scope.i32();
    const last = scope.i32();
    const at = scope.i32();
    const from = Array.from({ length: width }, () => scope.i32());
    local.set(end, i32.add(along, i32.shl(alongCount, 2)));
    local.set(last, i32.add(lines, i32.shl(i32.sub(lineCount, 1), 2)));
    forEach(first, 0, lineCount, width, () => {
      local.set(at, i32.add(lines, i32.shl(first, 2)));
      for (const pointer of from) {
        local.set(pointer, i32.add(image, i32.load({}, at)));
        i32.lt_s(at, last);
        if_({}, () => advance(at, 4));
      }
      local.set(step, along);
      whileBelow(step, end, 4, () => {
        local.set(place, i32.load({}, step));
        for (const [i, pointer] of from.entries())
          i32.store({ offset: 4 * i }, target, i32.load({}, i32.add(pointer, place)));
        advance(target, 4 * width);
      });
    });
  });
}

/**
 * scatter(image, products, offsets, corners, offsetCount, cornerCount, width, step): adds `width` products after
 * another to the image, from image + corners[i] + offsets[k] on, `step` bytes apart, for each k and for each i.
 */
export const scatter: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  (args, scope) => {
    const [image, products, offsets, corners, offsetCount, cornerCount, width, step] = args;
    const k = scope.i32();
    const i = scope.i32();
    const base = scope.i32();
    const to = scope.i32();
    const end = scope.i32();
    const vectorEnd = scope.i32();
    const endOfOffsets = scope.i32();
    const endOfCorners = scope.i32();
    local.set(endOfOffsets, i32.add(offsets, i32.shl(offsetCount, 2)));
    local.set(endOfCorners, i32.add(corners, i32.shl(cornerCount, 2)));
    forEach(k, offsets, endOfOffsets, 4, () => {
      local.set(base, i32.add(image, i32.load({}, k)));
      forEach(i, corners, endOfCorners, 4, () => {
        local.set(to, i32.add(base, i32.load({}, i)));
        local.set(end, i32.add(products, i32.shl(width, 2)));
        i32.eq(step, 4);
        if_({}, () => {
          local.set(vectorEnd, i32.add(products, i32.shl(i32.and(width, -4), 2)));
          whileBelow(products, vectorEnd, 16, () => {
            store(to, f32x4.add(load(to), load(products)));
            advance(to, 16);
          });
        });
        addOneByOne(products, end, to, step);
      });
    });
  },
);

function addOneByOne(
  from: Local<"i32">,
  end: Local<"i32">,
  to: Local<"i32">,
  step: Local<"i32">,
): void {
  whileBelow(from, end, 4, () => {
    f32.store({}, to, f32.add(f32.load({}, to), f32.load({}, from)));
    advance(to, step);
  });
}
