/**
 * Numbers of channels scaled and shifted, and the gradients of it, with sums in double precision.
 *
 * A channel is made of rows of consecutive numbers, or is a column.
 */
import { f32, f32x4, i32, if_, local } from "wasmati";
import type { Kernel, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, store } from "./assembler.ts";
import type { Four } from "./groups.ts";
import { addFour, clearFour, Group, narrow } from "./groups.ts";
import type { Whole } from "./row.ts";
import { DoubleSum, masked, Row, splat, storeSome, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

/** Pushes x·scale + shift. */
function pushAffine({ relaxed }: Variant, x: Vector, scale: Vector, shift: Vector) {
  return relaxed ? f32x4.relaxed_madd(x, scale, shift) : f32x4.add(f32x4.mul(x, scale), shift);
}

/** A number of each channel, four times. */
function splatAt(target: Vector, address: Whole): void {
  splat(target, f32.load({}, address));
}

/**
 * channelAffine(target, source, scales, shifts, samples, channels, length, sampleStep): x·scale + shift for so many rows of
 * `length` numbers in each sample, one for each channel.
 */
export const channelAffine = (variant: Variant): Kernel =>
  kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    ([target, source, scales, shifts, samples, channels, length, sampleStep], scope) => {
      const row = new Row(scope, length);
      const [sample, channel] = [scope.i32(), scope.i32()];
      const pointers = [target, source, scales, shifts].map(
        (first) => [scope.i32(), first] as const,
      );
      const [to, from, scaleAt, shiftAt] = pointers.map(([at]) => at) as [
        Whole,
        Whole,
        Whole,
        Whole,
      ];
      const [x, scale, shift] = scope.vectors(3) as [Vector, Vector, Vector];
      forEach(sample, 0, samples, 1, () => {
        for (const [at, first] of pointers) local.set(at, first);
        forEach(channel, 0, channels, 1, () => {
          splatAt(scale, scaleAt);
          splatAt(shift, shiftAt);
          row.forEach((at, mask) => {
            local.set(x, load(at(from)));
            const place = at(to);
            row.store(place, pushAffine(variant, x, scale, shift), mask);
          });
          row.next(to, from);
          for (const pointer of [scaleAt, shiftAt]) advance(pointer, 4);
        });
        for (const pointer of [target, source]) advance(pointer, sampleStep);
      });
    },
  );

/** channelAffineColumns(target, source, scales, shifts, rows, columns): the same for rows of one number of each channel. */
export const channelAffineColumns = (variant: Variant): Kernel =>
  kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32"],
    ([target, source, scales, shifts, rows, columns], scope) => {
      const row = new Row(scope, columns);
      const i = scope.i32();
      const [x, scale, shift] = scope.vectors(3) as [Vector, Vector, Vector];
      forEach(i, 0, rows, 1, () => {
        row.forEach((at, mask) => {
          local.set(scale, load(at(scales)));
          local.set(shift, load(at(shifts)));
          local.set(x, load(at(source)));
          const place = at(target);
          row.store(place, pushAffine(variant, x, scale, shift), mask);
        });
        row.next(target, source);
      });
    },
  );

/**
 * channelAffineGradient(target, scaleBar, shiftBar, c, x, scales, channels, outer, length, channelStep, outerStep): c·scale,
 * and the sums of c·x and of c over each channel of `outer` rows of `length` numbers.
 */
export const channelAffineGradient: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  (args, scope) => {
    const [target, scaleBar, shiftBar, c, x, scales, channels, outer, length] = args;
    const [, , , , , , , , , channelStep, outerStep] = args;
    const group = new Group(scope, outer, length, outerStep);
    const i = scope.i32();
    const [a, b, scale, scaled] = scope.fourVectors();
    const plain = new DoubleSum(scope);
    const product = new DoubleSum(scope);
    const total = scope.f64();
    const putTotal = (address: Whole, sum: DoubleSum): void => {
      sum.total(total);
      f32.store({}, address, f32.demote_f64(total));
    };
    forEach(i, 0, channels, 1, () => {
      plain.clear();
      product.clear();
      splatAt(scale, scales);
      group.forEach([target, c, x], ([to, ofC, ofX], mask) => {
        local.set(a, load(ofC!));
        local.set(b, load(ofX!));
        local.set(scaled, f32x4.mul(a, scale));
        group.store(to!, scaled, mask);
        masked(a, mask);
        masked(b, mask);
        plain.add(a);
        product.add(a, b);
      });
      putTotal(scaleBar, product);
      putTotal(shiftBar, plain);
      for (const pointer of [scaleBar, shiftBar, scales]) advance(pointer, 4);
      for (const pointer of [target, c, x]) advance(pointer, channelStep);
    });
  },
);

/**
 * channelAffineColumnsGradient(target, scaleBar, shiftBar, c, x, scales, rows, columns, rowStep): the same for columns, of
 * which a whole line of the cache is computed at a time.
 */
export const channelAffineColumnsGradient: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, scaleBar, shiftBar, c, x, scales, rows, columns, rowStep], scope) => {
    const sums = Array.from({ length: 4 }, () => ({
      plain: [scope.v128(), scope.v128()] as Four,
      product: [scope.v128(), scope.v128()] as Four,
      scale: scope.v128(),
    }));
    const [a, b, spare] = scope.vectors(3) as [Vector, Vector, Vector];
    const [to, ofC, ofX] = [scope.i32(), scope.i32(), scope.i32()];
    const [row, column, end, left] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const compute = (vectors: number, put: (to: Whole, value: Vector, offset: number) => void) => {
      const used = sums.slice(0, vectors).map((sum, i) => ({ ...sum, at: i * vectorBytes }));
      for (const { plain, product, scale, at } of used) {
        for (const four of [plain, product]) clearFour(four);
        local.set(scale, load(scales, at));
      }
      local.set(to, target);
      local.set(ofC, c);
      local.set(ofX, x);
      forEach(row, 0, rows, 1, () => {
        for (const { plain, product, scale, at } of used) {
          local.set(a, load(ofC, at));
          local.set(b, load(ofX, at));
          addFour(plain, a, null, spare);
          addFour(product, a, b, spare);
          local.set(a, f32x4.mul(a, scale));
          put(to, a, at);
        }
        for (const pointer of [to, ofC, ofX]) advance(pointer, rowStep);
      });
      for (const { plain, product, at } of used) {
        narrow(a, product, spare);
        put(scaleBar, a, at);
        narrow(a, plain, spare);
        put(shiftBar, a, at);
      }
      for (const pointer of [target, scaleBar, shiftBar, c, x, scales])
        advance(pointer, vectors * vectorBytes);
    };
    local.set(end, i32.and(columns, -16));
    forEach(column, 0, end, 16, () => compute(4, store));
    local.set(end, i32.and(columns, 12));
    forEach(column, 0, end, 4, () => compute(1, store));
    local.set(left, i32.and(columns, 3));
    local.get(left);
    if_({}, () => compute(1, (pointer, value) => storeSome(pointer, value, left)));
  },
);
