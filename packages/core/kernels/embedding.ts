/**
 * Rows that are looked up, and rows that are added up.
 */
import type { Local } from "wasmati";
import { f32, f32x4, f64, f64x2, i32, if_, local, v128 } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";

type Whole = Local<"i32">;

/** pickRows(target, source, places, count, unit, length): rows of `length` numbers, that begin at source + place·unit. */
export const pickRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, source, places, count, unit, length], scope) => {
    const row = scope.i32();
    const from = scope.i32();
    const end = scope.i32();
    forEach(row, 0, count, 1, () => {
      local.set(from, i32.add(source, i32.mul(i32.load({}, places), unit)));
      advance(places, 4);
      local.set(end, i32.add(target, i32.shl(i32.and(length, -4), 2)));
      whileBelow(target, end, 16, () => {
        store(target, load(from));
        advance(from, 16);
      });
      local.set(end, i32.add(target, i32.shl(i32.and(length, 3), 2)));
      whileBelow(target, end, 4, () => {
        i32.store({}, target, i32.load({}, from));
        advance(from, 4);
      });
    });
  },
);

const vectors = 2;

/**
 * addUpRows(table, source, order, ends, factors, rows, length): rows of a table, each the sum of those rows of the source
 * whose numbers stand in `order`, from one of `ends` to the next; times their factors in double precision, unless
 * `factors` is 0. Sums are kept in double precision, in this order.
 */
export const addUpRows: Kernel = sumsOfRows(false);

/**
 * addRowsAt(table, source, order, ends, places, rows, length): the same sums, added to the rows of the table that begin
 * at `places`, in numbers, and rounded then.
 */
export const addRowsAt: Kernel = sumsOfRows(true);

function sumsOfRows(isOnto: boolean): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    ([table, source, order, ends, factorsOrPlaces, rows, length], scope) => {
      const row = scope.i32();
      const place = scope.i32();
      const first = scope.i32();
      const last = scope.i32();
      const from = scope.i32();
      const to = scope.i32();
      const column = scope.i32();
      const wide = scope.i32();
      const bytes = scope.i32();
      const value = scope.v128();
      const factor = scope.v128();
      const single = scope.f64();
      const total = scope.f64();
      const sums = scope.vectors(2 * vectors);
      local.set(bytes, i32.shl(length, 2));
      local.set(wide, i32.and(bytes, -16 * vectors));
      local.set(to, table);

      /** All rows of the source that belong to this one: `from` is the address of the present column. */
      const forEachOf = (body: () => void): void => {
        forEach(place, first, last, 4, () => {
          local.set(from, i32.add(source, column));
          local.set(from, i32.add(from, i32.mul(i32.load({}, place), bytes)));
          body();
        });
      };
      const factorAt = (variable: Whole): void => {
        f64.load({}, i32.add(factorsOrPlaces, i32.shl(i32.load({}, variable), 3)));
      };
      const add = (sum: Local<"v128">, isWeighted: boolean): void => {
        f64x2.promote_low_f32x4(value);
        if (isWeighted) {
          local.get(factor);
          f64x2.mul();
        }
        local.get(sum);
        f64x2.add();
        local.set(sum);
      };
      const begin = (): void => {
        for (const sum of sums) local.set(sum, v128.const("f64x2", [0, 0]));
        if (!isOnto) return;
        for (let i = 0; i < vectors; i++) {
          local.set(value, load(to, 16 * i));
          local.set(sums[2 * i]!, f64x2.promote_low_f32x4(value));
          local.set(sums[2 * i + 1]!, f64x2.promote_low_f32x4(shuffle(value, value, [2, 3, 2, 3])));
        }
      };
      const columns = (isWeighted: boolean): void => {
        forEach(column, 0, wide, 16 * vectors, () => {
          begin();
          forEachOf(() => {
            if (isWeighted) {
              factorAt(place);
              f64x2.splat();
              local.set(factor);
            }
            for (let i = 0; i < vectors; i++) {
              local.set(value, load(from, 16 * i));
              add(sums[2 * i]!, isWeighted);
              local.set(value, shuffle(value, value, [2, 3, 2, 3]));
              add(sums[2 * i + 1]!, isWeighted);
            }
          });
          for (let i = 0; i < vectors; i++) {
            local.set(value, f32x4.demote_f64x2_zero(sums[2 * i]!));
            local.set(factor, f32x4.demote_f64x2_zero(sums[2 * i + 1]!));
            store(to, shuffle(value, factor, [0, 1, 4, 5]), 16 * i);
          }
          advance(to, 16 * vectors);
        });
        whileBelow(column, bytes, 4, () => {
          if (isOnto) local.set(total, f64.promote_f32(f32.load({}, to)));
          else local.set(total, 0);
          forEachOf(() => {
            local.set(single, f64.promote_f32(f32.load({}, from)));
            if (isWeighted) {
              factorAt(place);
              local.get(single);
              f64.mul();
              local.set(single);
            }
            local.set(total, f64.add(total, single));
          });
          f32.store({}, to, f32.demote_f64(total));
          advance(to, 4);
        });
      };

      forEach(row, 0, rows, 1, () => {
        local.set(first, i32.load({}, ends));
        local.set(last, i32.load({ offset: 4 }, ends));
        advance(ends, 4);
        local.set(first, i32.add(order, i32.shl(first, 2)));
        local.set(last, i32.add(order, i32.shl(last, 2)));
        if (isOnto) {
          local.set(to, i32.add(table, i32.shl(i32.load({}, factorsOrPlaces), 2)));
          advance(factorsOrPlaces, 4);
          columns(false);
        } else {
          local.get(factorsOrPlaces);
          if_(
            {},
            () => columns(true),
            () => columns(false),
          );
        }
      });
    },
  );
}
