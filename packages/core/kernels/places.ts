/**
 * Numbers added at places that are themselves numbers, in double precision.
 */
import { f32, f32x4, f64, f64x2, i32, local } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";
import { vectorBytes } from "./row.ts";

/**
 * addAt(sums, source, places, lines, columns, placeStep, columnStep, lineStep): adds each number of the source to a double,
 * that at sums + place·placeStep + column·columnStep. Lines of the source and of the places are `lineStep` bytes apart.
 */
export const addAt: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([sums, source, places, lines, columns, placeStep, columnStep, lineStep], scope) => {
    const [line, at, end, sum, to] = [
      scope.i32(),
      scope.i32(),
      scope.i32(),
      scope.i32(),
      scope.i32(),
    ];
    const toPlaces = scope.i32();
    forEach(line, 0, lines, 1, () => {
      local.set(at, source);
      local.set(end, i32.add(source, i32.shl(columns, 2)));
      local.set(toPlaces, i32.sub(places, source));
      local.set(sum, sums);
      whileBelow(at, end, 4, () => {
        local.set(to, i32.mul(i32.load({}, i32.add(at, toPlaces)), placeStep));
        local.set(to, i32.add(to, sum));
        local.get(to);
        f64.load({}, to);
        f64.promote_f32(f32.load({}, at));
        f64.add();
        f64.store({});
        advance(sum, columnStep);
      });
      for (const pointer of [source, places]) advance(pointer, lineStep);
    });
  },
);

/** widen(target, source, count): float32 numbers as doubles. */
export const widen: Kernel = kernel(["i32", "i32", "i32"], ([target, source, count], scope) => {
  const end = scope.i32();
  const x = scope.v128();
  local.set(end, i32.add(source, i32.shl(i32.and(count, -4), 2)));
  whileBelow(source, end, vectorBytes, () => {
    local.set(x, load(source));
    store(target, f64x2.promote_low_f32x4(x));
    store(target, f64x2.promote_low_f32x4(shuffle(x, x, [2, 3, 2, 3])), vectorBytes);
    advance(target, 2 * vectorBytes);
  });
  local.set(end, i32.add(end, i32.shl(i32.and(count, 3), 2)));
  whileBelow(source, end, 4, () => {
    f64.store({}, target, f64.promote_f32(f32.load({}, source)));
    advance(target, 8);
  });
});

/** narrow(target, source, count): doubles, rounded to float32. */
export const narrow: Kernel = kernel(["i32", "i32", "i32"], ([target, source, count], scope) => {
  const end = scope.i32();
  const [low, high] = [scope.v128(), scope.v128()];
  local.set(end, i32.add(target, i32.shl(i32.and(count, -4), 2)));
  whileBelow(target, end, vectorBytes, () => {
    local.set(low, f32x4.demote_f64x2_zero(load(source)));
    local.set(high, f32x4.demote_f64x2_zero(load(source, vectorBytes)));
    store(target, shuffle(low, high, [0, 1, 4, 5]));
    advance(source, 2 * vectorBytes);
  });
  local.set(end, i32.add(end, i32.shl(i32.and(count, 3), 2)));
  whileBelow(target, end, 4, () => {
    f32.store({}, target, f32.demote_f64(f64.load({}, source)));
    advance(source, 8);
  });
});
