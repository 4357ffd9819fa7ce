/**
 * Products of a matrix and a vector, float32: every number of the matrix is used once, so it is read where it lies.
 *
 * Every sum runs along the vector from its beginning to its end, whichever way the matrix lies: the bits are the same.
 */
import type { Local, StackVar } from "wasmati";
import { f32x4, i32, if_, local, memory, v128 } from "wasmati";
import type { Kernel, Scope, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";
import type { Whole } from "./row.ts";
import { storeSome, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

const numberBytes = 4;
const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;

/** sum += a·x. */
function addProduct({ relaxed }: Variant, sum: Vector, a: StackVar<"v128"> | Vector, x: Vector) {
  if (relaxed) local.set(sum, f32x4.relaxed_madd(a, x, sum));
  else local.set(sum, f32x4.add(sum, f32x4.mul(a, x)));
}

function clear(sums: readonly Vector[]): void {
  for (const sum of sums) local.set(sum, v128.const("f32x4", [0, 0, 0, 0]));
}

/** Writes sums of which `left` are there: so many numbers from the first vector on. */
function storeSums(scope: Scope, y: Whole, sums: readonly Vector[], left: Whole): void {
  const rest = scope.i32();
  for (const [i, sum] of sums.entries()) {
    local.set(rest, i32.sub(left, 4 * i));
    i32.ge_s(rest, 4);
    if_(
      {},
      () => store(y, sum, i * vectorBytes),
      () => {
        i32.gt_s(rest, 0);
        if_({}, () => {
          const place = scope.i32();
          local.set(place, i32.add(y, i * vectorBytes));
          storeSome(place, sum, rest);
        });
      },
    );
  }
}

/**
 * matvecColumns(y, a, aStep, x, xStep, m, k): y = A·x for A of m × k, the numbers of a column side by side, columns aStep
 * bytes apart. Four columns are added to y at a time, so that memory is read in the order in which it lies.
 */
export function matvecColumns(variant: Variant): Kernel {
  return kernel(parameters, ([y, a, aStep, x, xStep, m, k], scope) => {
    const p = scope.i32();
    const to = scope.i32();
    const end = scope.i32();
    const wholeEnd = scope.i32();
    const whole = scope.i32();
    const columns = Array.from({ length: 4 }, () => scope.i32());
    const factors = scope.vectors(4);
    const sum = scope.v128();
    const left = scope.i32();

    /** y += x_p·a_p for so many columns. */
    const addColumns = (count: number) => {
      const some = columns.slice(0, count);
      for (const [j, column] of some.entries()) {
        local.set(column, a);
        advance(a, aStep);
        local.set(factors[j]!, v128.load32_splat({}, x));
        advance(x, xStep);
      }
      const addAt = (offset: number) => {
        local.set(sum, load(to, offset));
        for (const [j, column] of some.entries())
          addProduct(variant, sum, load(column, offset), factors[j]!);
      };
      local.set(to, y);
      whileBelow(to, wholeEnd, 4 * vectorBytes, () => {
        for (let vector = 0; vector < 4; vector++) {
          addAt(vector * vectorBytes);
          store(to, sum, vector * vectorBytes);
        }
        for (const column of some) advance(column, 4 * vectorBytes);
      });
      whileBelow(to, end, vectorBytes, () => {
        addAt(0);
        local.set(left, i32.shr_s(i32.sub(end, to), 2));
        storeSums(scope, to, [sum], left);
        for (const column of some) advance(column, vectorBytes);
      });
    };

    local.set(end, i32.add(y, i32.shl(m, 2)));
    local.set(wholeEnd, i32.add(y, i32.shl(i32.and(m, -16), 2)));
    local.get(y);
    i32.const(0);
    i32.shl(m, 2);
    memory.fill();
    local.set(whole, i32.and(k, -4));
    local.set(p, 0);
    whileBelow(p, whole, 4, () => addColumns(4));
    whileBelow(p, k, 1, () => addColumns(1));
  });
}

/**
 * matvecRows(y, a, aStep, x, xStep, m, k): {@link matvecColumns} for A with the numbers of a row side by side, rows aStep bytes
 * apart. Four steps of four rows are turned into four columns at a time.
 */
export function matvecRows(variant: Variant): Kernel {
  return kernel(parameters, ([y, a, aStep, x, xStep, m, k], scope) => {
    const i = scope.i32();
    const p = scope.i32();
    const px = scope.i32();
    const left = scope.i32();
    const whole = scope.i32();
    const rows = Array.from({ length: 8 }, () => scope.i32());
    const sums = scope.vectors(2);
    const factors = scope.vectors(4);
    const lines = scope.vectors(4);
    const [low, high, column] = scope.vectors(3) as [Vector, Vector, Vector];
    local.set(whole, i32.and(k, -4));

    /** Adds what four steps of four rows contribute. */
    const addFour = (sum: Vector, from: readonly Local<"i32">[]) => {
      for (const [j, line] of lines.entries()) local.set(line, load(from[j]!));
      const [b0, b1, b2, b3] = lines as [Vector, Vector, Vector, Vector];
      for (const pair of [0, 2]) {
        const places = [pair, pair + 4, pair + 1, pair + 5];
        local.set(low, shuffle(b0, b1, places));
        local.set(high, shuffle(b2, b3, places));
        local.set(column, shuffle(low, high, [0, 1, 4, 5]));
        addProduct(variant, sum, column, factors[pair]!);
        local.set(column, shuffle(low, high, [2, 3, 6, 7]));
        addProduct(variant, sum, column, factors[pair + 1]!);
      }
    };

    forEach(i, 0, m, 8, () => {
      local.set(rows[0]!, i32.add(a, i32.mul(i, aStep)));
      for (let row = 1; row < rows.length; row++) {
        // Rows that are not there are the last one again.
        const isThere = i32.lt_s(i32.add(i, row), m);
        local.set(rows[row]!, i32.add(i32.mul(isThere, aStep), rows[row - 1]!));
      }
      clear(sums);
      local.set(px, x);
      local.set(p, 0);
      whileBelow(p, whole, 4, () => {
        for (const factor of factors) {
          local.set(factor, v128.load32_splat({}, px));
          advance(px, xStep);
        }
        for (const [j, sum] of sums.entries()) addFour(sum, rows.slice(4 * j, 4 * j + 4));
        for (const row of rows) advance(row, vectorBytes);
      });
      whileBelow(p, k, 1, () => {
        local.set(factors[0]!, v128.load32_splat({}, px));
        advance(px, xStep);
        for (const [j, sum] of sums.entries()) {
          for (let row = 0; row < 4; row++) {
            const lane = row as 0 | 1 | 2 | 3;
            local.set(column, v128.load32_lane({}, lane, rows[4 * j + row]!, column));
          }
          addProduct(variant, sum, column, factors[0]!);
        }
        for (const row of rows) advance(row, numberBytes);
      });
      local.set(left, i32.sub(m, i));
      storeSums(scope, y, sums, left);
      advance(y, 2 * vectorBytes);
    });
  });
}
