/**
 * Convolutions of groups with few output channels as sums over windows: each kernel is for one sample, group and output
 * channel.
 *
 * `offsets` are the distances in bytes of the kernel's places from the corner of a window, in a padded image; `corners`
 * those of the first window of each row of outputs from the beginning of the image. Windows are `step` bytes apart.
 */
import type { Local } from "wasmati";
import { f32, f32x4, f64, f64x2, i32, if_, local, v128 } from "wasmati";
import type { Kernel, Scope, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";

type Whole = Local<"i32">;
type Vector = Local<"v128">;

/** sum += a·b */
function addProduct({ relaxed }: Variant, sum: Vector, a: Vector, b: Vector): void {
  if (relaxed) local.set(sum, f32x4.relaxed_madd(a, b, sum));
  else local.set(sum, f32x4.add(sum, f32x4.mul(a, b)));
}

/** Calls `body` with a function that loads what lies at the corners of four windows, for each way in which they may lie. */
function byStep(
  scope: Scope,
  step: Whole,
  body: (loadFour: (target: Vector, pointer: Whole) => void) => void,
): void {
  const other = scope.v128();
  const place = scope.i32();
  i32.eq(step, 4);
  if_(
    {},
    () => body((target, pointer) => local.set(target, load(pointer))),
    () => {
      i32.eq(step, 8);
      if_(
        {},
        () =>
          body((target, pointer) => {
            // The last number that counts is the seventh: no more is read.
            local.set(target, load(pointer));
            local.set(other, load(pointer, 12));
            local.set(target, shuffle(target, other, [0, 2, 5, 7]));
          }),
        () =>
          body((target, pointer) => {
            local.set(place, pointer);
            v128.load32_zero({}, place);
            local.set(target);
            for (const lane of [1, 2, 3] as const) {
              advance(place, step);
              v128.load32_lane({}, lane, place, target);
              local.set(target);
            }
          }),
      );
    },
  );
}

/** windowSums(target, image, weights, offsets, depth, corners, rows, width, step, bias): bias + Σ w·x for each window. */
export function windowSums(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f32"],
    ([target, image, weights, offsets, depth, corners, rows, width, step, bias], scope) => {
      const row = scope.i32();
      const t = scope.i32();
      const last = scope.i32();
      const corner = scope.i32();
      const at = scope.i32();
      const k = scope.i32();
      const end = scope.i32();
      const weight = scope.i32();
      const sum = scope.v128();
      const value = scope.v128();
      const factor = scope.v128();
      const single = scope.f32();
      local.set(end, i32.add(offsets, i32.shl(depth, 2)));
      /** For each place of the kernel, with `at` where it lies for the window t. */
      const forEachPlace = (body: () => void): void => {
        local.set(weight, weights);
        forEach(k, offsets, end, 4, () => {
          local.set(at, i32.add(corner, i32.load({}, k)));
          body();
          advance(weight, 4);
        });
      };
      const place = (): void => {
        local.set(corner, i32.add(i32.load({}, corners), i32.add(image, i32.mul(t, step))));
      };
      const fourAtATime = (): void =>
        byStep(scope, step, (loadFour) => {
          forEach(row, 0, rows, 1, () => {
            local.set(t, 0);
            // The last four reach back to what was computed before: the same numbers again.
            whileBelow(t, width, 4, () => {
              i32.gt_s(t, last);
              if_({}, () => local.set(t, last));
              place();
              local.set(sum, f32x4.splat(bias));
              forEachPlace(() => {
                local.set(factor, v128.load32_splat({}, weight));
                loadFour(value, at);
                addProduct(variant, sum, value, factor);
              });
              local.set(at, i32.add(target, i32.shl(t, 2)));
              store(at, sum);
            });
            local.set(target, i32.add(target, i32.shl(width, 2)));
            advance(corners, 4);
          });
        });
      const oneByOne = (): void => {
        forEach(row, 0, rows, 1, () => {
          forEach(t, 0, width, 1, () => {
            place();
            local.set(single, bias);
            forEachPlace(() => {
              f32.mul(f32.load({}, at), f32.load({}, weight));
              local.get(single);
              f32.add();
              local.set(single);
            });
            f32.store({}, target, single);
            advance(target, 4);
          });
          advance(corners, 4);
        });
      };
      local.set(last, i32.sub(width, 4));
      i32.ge_s(width, 4);
      if_({}, fourAtATime, oneByOne);
    },
  );
}

/** windowSpread(image, source, weights, offsets, depth, corners, rows, width, step): adds w·g to the places of each window. */
export function windowSpread(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    ([image, source, weights, offsets, depth, corners, rows, width, step], scope) => {
      const row = scope.i32();
      const k = scope.i32();
      const end = scope.i32();
      const from = scope.i32();
      const corner = scope.i32();
      const to = scope.i32();
      const stop = scope.i32();
      const single = scope.f32();
      const rest = scope.f32();
      const factor = scope.v128();
      const value = scope.v128();
      const sum = scope.v128();
      local.set(end, i32.add(offsets, i32.shl(depth, 2)));
      forEach(k, offsets, end, 4, () => {
        local.set(single, f32.load({}, weights));
        local.set(factor, f32x4.splat(single));
        advance(weights, 4);
        local.set(from, source);
        local.set(corner, corners);
        forEach(row, 0, rows, 1, () => {
          local.set(to, i32.add(i32.load({}, k), i32.add(image, i32.load({}, corner))));
          advance(corner, 4);
          i32.eq(step, 4);
          if_(
            {},
            () => {
              local.set(stop, i32.add(from, i32.shl(i32.and(width, -4), 2)));
              whileBelow(from, stop, 16, () => {
                local.set(value, load(from));
                local.set(sum, load(to));
                addProduct(variant, sum, value, factor);
                store(to, sum);
                advance(to, 16);
              });
              local.set(stop, i32.add(stop, i32.shl(i32.and(width, 3), 2)));
            },
            () => {
              local.set(stop, i32.add(from, i32.shl(width, 2)));
            },
          );
          whileBelow(from, stop, 4, () => {
            f32.mul(f32.load({}, from), single);
            f32.load({}, to);
            f32.add();
            local.set(rest);
            f32.store({}, to, rest);
            local.set(to, i32.add(to, step));
          });
        });
      });
    },
  );
}

/**
 * windowSpreadWide(image, source, weights, offsets, depth, corners, rows, width, step): the same for an image of doubles, whose
 * offsets, corners and steps are those of an image of float32 numbers.
 */
export const windowSpreadWide: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([image, source, weights, offsets, depth, corners, rows, width, step], scope) => {
    const [row, k, end, stop] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const [from, corner, to, wideStep] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const single = scope.f64();
    const [factor, value, product] = [scope.v128(), scope.v128(), scope.v128()];
    local.set(wideStep, i32.shl(step, 1));
    local.set(end, i32.add(offsets, i32.shl(depth, 2)));
    forEach(k, offsets, end, 4, () => {
      local.set(single, f64.promote_f32(f32.load({}, weights)));
      local.set(factor, f64x2.splat(single));
      advance(weights, 4);
      local.set(from, source);
      local.set(corner, corners);
      forEach(row, 0, rows, 1, () => {
        local.set(to, i32.add(i32.load({}, k), i32.load({}, corner)));
        local.set(to, i32.add(image, i32.shl(to, 1)));
        advance(corner, 4);
        local.set(stop, from);
        i32.eq(step, 4);
        if_({}, () => local.set(stop, i32.add(from, i32.shl(i32.and(width, -4), 2))));
        whileBelow(from, stop, 16, () => {
          local.set(value, load(from));
          for (const half of [0, 16]) {
            if (half !== 0) local.set(value, shuffle(value, value, [2, 3, 2, 3]));
            local.set(product, f64x2.mul(f64x2.promote_low_f32x4(value), factor));
            store(to, f64x2.add(load(to, half), product), half);
          }
          advance(to, 32);
        });
        i32.eq(step, 4);
        if_(
          {},
          () => local.set(stop, i32.add(stop, i32.shl(i32.and(width, 3), 2))),
          () => local.set(stop, i32.add(from, i32.shl(width, 2))),
        );
        whileBelow(from, stop, 4, () => {
          local.get(to);
          f64.mul(f64.promote_f32(f32.load({}, from)), single);
          f64.load({}, to);
          f64.add();
          f64.store({});
          local.set(to, i32.add(to, wideStep));
        });
      });
    });
  },
);

const together = 4;

/**
 * windowDots(target, source, image, offsets, depth, corners, rows, width, step, isAdded): for each place of the kernel
 * Σ g·x over all windows, set or added.
 */
export function windowDots(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    ([target, source, image, offsets, depth, corners, rows, width, step, isAdded], scope) => {
      const row = scope.i32();
      const k = scope.i32();
      const end = scope.i32();
      const endOfFours = scope.i32();
      const from = scope.i32();
      const corner = scope.i32();
      const stop = scope.i32();
      const advanceBy = scope.i32();
      const pointers = Array.from({ length: together }, () => scope.i32());
      const sums = scope.vectors(together);
      const rests = Array.from({ length: together }, () => scope.f32());
      const g = scope.v128();
      const x = scope.v128();
      local.set(end, i32.add(offsets, i32.shl(depth, 2)));
      local.set(endOfFours, i32.add(offsets, i32.shl(i32.and(depth, -together), 2)));
      local.set(advanceBy, i32.shl(step, 2));
      const dots = (count: number): void => {
        for (let i = 0; i < count; i++) {
          local.set(sums[i]!, v128.const("f32x4", [0, 0, 0, 0]));
          local.set(rests[i]!, 0);
        }
        local.set(from, source);
        local.set(corner, corners);
        forEach(row, 0, rows, 1, () => {
          for (let i = 0; i < count; i++) {
            local.set(pointers[i]!, i32.add(image, i32.load({ offset: 4 * i }, k)));
            local.set(pointers[i]!, i32.add(pointers[i]!, i32.load({}, corner)));
          }
          advance(corner, 4);
          local.set(stop, i32.add(from, i32.shl(i32.and(width, -4), 2)));
          byStep(scope, step, (loadFour) => {
            whileBelow(from, stop, 16, () => {
              local.set(g, load(from));
              for (let i = 0; i < count; i++) {
                loadFour(x, pointers[i]!);
                addProduct(variant, sums[i]!, g, x);
                advance(pointers[i]!, advanceBy);
              }
            });
          });
          local.set(stop, i32.add(stop, i32.shl(i32.and(width, 3), 2)));
          whileBelow(from, stop, 4, () => {
            for (let i = 0; i < count; i++) {
              f32.mul(f32.load({}, from), f32.load({}, pointers[i]!));
              local.get(rests[i]!);
              f32.add();
              local.set(rests[i]!);
              advance(pointers[i]!, step);
            }
          });
        });
        for (let i = 0; i < count; i++) {
          const sum = sums[i]!;
          local.set(sum, f32x4.add(sum, shuffle(sum, sum, [2, 3, 0, 1])));
          local.set(sum, f32x4.add(sum, shuffle(sum, sum, [1, 0, 3, 2])));
          local.set(rests[i]!, f32.add(rests[i]!, f32x4.extract_lane(0, sum)));
          local.get(isAdded);
          if_({}, () =>
            local.set(rests[i]!, f32.add(rests[i]!, f32.load({ offset: 4 * i }, target))),
          );
          f32.store({ offset: 4 * i }, target, rests[i]!);
        }
        advance(target, 4 * count);
      };
      forEach(k, offsets, endOfFours, 4 * together, () => dots(together));
      whileBelow(k, end, 4, () => dots(1));
    },
  );
}
