/**
 * Matrix products of float32 numbers.
 *
 * Both operands are packed into panels first: so many rows of A, eight columns of B, in the order in which the inner
 * loop reads them; where a panel is not full, with the last one again. So any strides cost the same. {@link multiplyRows} reads A
 * where it lies. The inner loop keeps a tile of C in registers, of which an engine has 15 or 16 to give: see {@link TileShape}.
 */
import type { Local, StackVar } from "wasmati";
import { f32, f32x4, i32, i64, if_, local, v128 } from "wasmati";
import type { Kernel, Scope, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";

/** Columns of a panel of B: two vectors. */
export const panelColumns = 8;

/** The part of C that the inner loop keeps in registers, and the steps that it takes at a time. */
export interface TileShape {
  /** Its rows, which are those of a panel of A, too. */
  readonly rows: number;
  readonly unrolled: number;
}

/**
 * 6 × 8 numbers, where multiplication and addition are one instruction and engines keep the order of a program: 12 sums, a
 * row of B and one number of A are 15 vectors. Each number that is loaded serves for more products than in the low tile.
 */
export const tallTile: TileShape = { rows: 6, unrolled: 4 };

/**
 * 4 × 8 numbers, where each product needs a register of its own, or engines load all numbers of a round first: 8 sums, a row of
 * B, four numbers of A and a product are 15 vectors. What exceeds them would be kept in memory, and be three times as slow.
 */
export const lowTile: TileShape = { rows: 4, unrolled: 1 };

const numberBytes = 4;
const vectorBytes = 16;

/** Panels whose lines lie side by side are packed together, so many. */
const panelsAtOnce = 4;

/**
 * pack(target, source, lineStep, alongStep, lines, along): panels of `width` lines. For each panel, for each step along
 * the lines, one number of each of its lines; those that the last panel lacks are the last line again. Steps are in bytes.
 */
export function pack(width: number): Kernel {
  const panelBytes = width * numberBytes;
  return kernel(["i32", "i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [target, source, lineStep, alongStep, lines, along] = args;
    const first = scope.i32();
    const rest = scope.i32();
    const p = scope.i32();
    const end = scope.i32();
    const from = Array.from({ length: width }, () => scope.i32());

    /**
     * The lines of some panels lie side by side: whole vectors are moved. Each step is somewhere else in memory, in another
     * page perhaps; so all that is wanted of it is read at once.
     */
    const packColumns = (panels: number) => {
      const pointer = from[0]!;
      const targets = [target, ...from.slice(1, panels)];
      for (let panel = 1; panel < panels; panel++)
        local.set(targets[panel]!, i32.add(targets[panel - 1]!, i32.mul(along, panelBytes)));
      local.set(pointer, source);
      forEach(p, 0, along, 1, () => {
        for (const [panel, to] of targets.entries()) {
          const shift = panel * panelBytes;
          let at = 0;
          for (; at + 16 <= panelBytes; at += 16) store(to, load(pointer, shift + at), at);
          for (; at + 8 <= panelBytes; at += 8) {
            const there = { offset: at, align: 4 };
            i64.store(there, to, i64.load({ offset: shift + at, align: 4 }, pointer));
          }
          advance(to, panelBytes);
        }
        advance(pointer, alongStep);
      });
      // The last panel ends where the next one begins.
      if (panels > 1) local.set(target, targets.at(-1)!);
    };

    const packRows = () => {
      local.set(from[0]!, source);
      for (let i = 1; i < width; i++) {
        local.set(from[i]!, from[i - 1]!);
        i32.gt_s(rest, i);
        if_({}, () => advance(from[i]!, lineStep));
      }
      local.set(p, 0);
      i32.eq(alongStep, numberBytes);
      if_({}, () => {
        local.set(end, i32.and(along, -4));
        whileBelow(p, end, 4, () => {
          transposeLines(from, target, scope);
          advance(target, 4 * panelBytes);
          for (const pointer of from) advance(pointer, vectorBytes);
        });
      });
      whileBelow(p, along, 1, () => {
        for (const [i, pointer] of from.entries()) {
          i32.store({ offset: i * numberBytes }, target, i32.load({}, pointer));
          advance(pointer, alongStep);
        }
        advance(target, panelBytes);
      });
    };

    local.set(first, 0);
    i32.eq(lineStep, numberBytes);
    if_({}, () => {
      const several = panelsAtOnce * width;
      local.set(end, i32.sub(lines, several - 1));
      whileBelow(first, end, several, () => {
        packColumns(panelsAtOnce);
        advance(source, panelsAtOnce * panelBytes);
      });
    });
    whileBelow(first, lines, width, () => {
      local.set(rest, i32.sub(lines, first));
      i32.and(i32.ge_s(rest, width), i32.eq(lineStep, numberBytes));
      if_({}, () => packColumns(1), packRows);
      local.set(source, i32.add(source, i32.mul(lineStep, width)));
    });
  });
}

/** Moves the next four numbers of each line to four steps of a panel, four lines or two at a time. */
function transposeLines(from: readonly Local<"i32">[], target: Local<"i32">, scope: Scope): void {
  const a = scope.v128();
  const b = scope.v128();
  const c = scope.v128();
  const d = scope.v128();
  const low = scope.v128();
  const high = scope.v128();
  const panelBytes = from.length * numberBytes;
  for (let line = 0; line < from.length; line += 4) {
    const isWhole = line + 4 <= from.length;
    const lines = isWhole ? [a, b, c, d] : [a, b];
    for (const [i, vector] of lines.entries()) local.set(vector, load(from[line + i]!));
    for (const step of [0, 2]) {
      const row = step * panelBytes + line * numberBytes;
      // Steps `step` and `step + 1` of a pair of lines, side by side.
      const pairs = [step, step + 4, step + 1, step + 5];
      local.set(low, shuffle(a, b, pairs));
      if (isWhole) {
        local.set(high, shuffle(c, d, pairs));
        store(target, shuffle(low, high, [0, 1, 4, 5]), row);
        store(target, shuffle(low, high, [2, 3, 6, 7]), row + panelBytes);
      } else {
        v128.store64_lane({ offset: row, align: 4 }, 0, target, low);
        v128.store64_lane({ offset: row + panelBytes, align: 4 }, 1, target, low);
      }
    }
  }
}

/** The tile of C in registers, and what is needed to fill and to store it. */
class Tile {
  private readonly rows: number;
  readonly left: Local<"v128">;
  readonly right: readonly Local<"v128">[];
  readonly sums: readonly (readonly Local<"v128">[])[];
  private readonly variant: Variant;
  private readonly scope: Scope;

  constructor(scope: Scope, variant: Variant, rows: number) {
    this.scope = scope;
    this.variant = variant;
    this.rows = rows;
    this.left = scope.v128();
    this.right = [scope.v128(), scope.v128()];
    this.sums = Array.from({ length: this.rows }, () => [scope.v128(), scope.v128()]);
  }

  clear(): void {
    for (const sum of this.sums.flat()) local.set(sum, v128.const("f32x4", [0, 0, 0, 0]));
  }

  /**
   * Calls `body` for all rows of the tile that begins at row i or, where no more are there, for as many as the low tile
   * has: 32, 64 and 1024 rows are no multiples of 6.
   */
  forRows(i: Local<"i32">, m: Local<"i32">, body: (rows: number) => void): void {
    const fewRows = lowTile.rows;
    if (this.rows <= fewRows) {
      body(this.rows);
      return;
    }
    i32.gt_s(i32.sub(m, i), fewRows);
    if_(
      {},
      () => body(this.rows),
      () => body(fewRows),
    );
  }

  /** Adds the product of a column of A, whose numbers `loadLeft` splats, and of eight numbers of B, for so many rows. */
  step(
    rows: number,
    pb: Local<"i32">,
    offset: number,
    loadLeft: (row: number) => StackVar<"v128">,
  ): void {
    const { left, right, sums, variant } = this;
    for (const [half, vector] of right.entries())
      local.set(vector, load(pb, offset + half * vectorBytes));
    for (const [row, pair] of sums.slice(0, rows).entries()) {
      local.set(left, loadLeft(row));
      for (const [half, sum] of pair.entries()) {
        if (variant.relaxed) local.set(sum, f32x4.relaxed_madd(left, right[half]!, sum));
        else local.set(sum, f32x4.add(sum, f32x4.mul(left, right[half]!)));
      }
    }
  }

  /** Sets the part of C that begins at row i and column j, or adds to it. */
  store(
    at: Record<"c" | "cStep" | "spare" | "isFirst" | "i" | "j" | "m" | "n", Local<"i32">>,
  ): void {
    const { scope, sums, rows } = this;
    const { c, cStep, spare, isFirst, i, j, m, n } = at;
    const tile = scope.i32();
    local.set(tile, i32.add(i32.add(c, i32.mul(i, cStep)), i32.mul(j, numberBytes)));
    i32.and(i32.le_s(i32.add(i, rows), m), i32.le_s(i32.add(j, panelColumns), n));
    if_(
      {},
      () => {
        local.get(isFirst);
        if_(
          {},
          () => {
            for (const pair of sums) {
              for (const [half, sum] of pair.entries()) store(tile, sum, half * vectorBytes);
              advance(tile, cStep);
            }
          },
          () => {
            for (const pair of sums) {
              for (const [half, sum] of pair.entries()) {
                const place = half * vectorBytes;
                store(tile, f32x4.add(load(tile, place), sum), place);
              }
              advance(tile, cStep);
            }
          },
        );
      },
      () => {
        for (const [row, pair] of sums.entries()) {
          for (const [half, sum] of pair.entries())
            store(spare, sum, (row * 2 + half) * vectorBytes);
        }
        storeRest(scope, { tile, cStep, spare, isFirst, i, j, m, n, rows });
      },
    );
  }
}

/**
 * multiply(c, cStep, a, b, m, n, k, isFirst, spare): C (+)= A·B for panels of A and B with k steps. Rows of C are cStep
 * bytes apart. With `isFirst` C is set, else added to. `spare` has room for one tile.
 *
 * Every number of C is the sum over the k steps in their order, to which what was there is added at last: its bits do
 * not depend on where the tile lies.
 */
export function multiply(variant: Variant, { rows, unrolled }: TileShape): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [c, cStep, a, b, m, n, k, isFirst, spare] = args;
    const i = scope.i32();
    const j = scope.i32();
    const pa = scope.i32();
    const pb = scope.i32();
    const startB = scope.i32();
    const endB = scope.i32();
    const unrolledEndB = scope.i32();
    const bytesB = scope.i32();
    const tile = new Tile(scope, variant, rows);
    const stepBytes = panelColumns * numberBytes;

    const steps = (count: number, some: number) => {
      for (let p = 0; p < count; p++) {
        tile.step(some, pb, p * stepBytes, (row) =>
          v128.load32_splat({ offset: (p * rows + row) * numberBytes }, pa),
        );
      }
      advance(pa, count * rows * numberBytes);
    };

    local.set(bytesB, i32.mul(k, stepBytes));
    local.set(startB, b);
    forEach(j, 0, n, panelColumns, () => {
      local.set(pa, a);
      local.set(endB, i32.add(startB, bytesB));
      if (unrolled > 1) {
        const whole = i32.and(k, -unrolled);
        local.set(unrolledEndB, i32.add(startB, i32.mul(whole, stepBytes)));
      }
      forEach(i, 0, m, rows, () => {
        tile.clear();
        local.set(pb, startB);
        tile.forRows(i, m, (some) => {
          if (unrolled > 1)
            whileBelow(pb, unrolledEndB, unrolled * stepBytes, () => steps(unrolled, some));
          whileBelow(pb, endB, stepBytes, () => steps(1, some));
        });
        tile.store({ c, cStep, spare, isFirst, i, j, m, n });
      });
      local.set(startB, endB);
    });
  });
}

/**
 * multiplyRows(c, cStep, a, aStep, b, bPanel, m, n, k, isFirst, spare): {@link multiply} for A as it lies in memory, the numbers
 * of a row side by side, rows aStep bytes apart; panels of B are bPanel bytes apart.
 */
export function multiplyRows(variant: Variant, { rows, unrolled }: TileShape): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    ([c, cStep, a, aStep, b, bPanel, m, n, k, isFirst, spare], scope) => {
      const i = scope.i32();
      const j = scope.i32();
      const pb = scope.i32();
      const startB = scope.i32();
      const endB = scope.i32();
      const unrolledEndB = scope.i32();
      const pointers = Array.from({ length: rows }, () => scope.i32());
      const tile = new Tile(scope, variant, rows);
      const stepBytes = panelColumns * numberBytes;
      const steps = (count: number, some: number) => {
        for (let p = 0; p < count; p++) {
          tile.step(some, pb, p * stepBytes, (row) =>
            v128.load32_splat({ offset: p * numberBytes }, pointers[row]!),
          );
        }
        for (const pointer of pointers.slice(0, some)) advance(pointer, count * numberBytes);
      };
      local.set(startB, b);
      forEach(j, 0, n, panelColumns, () => {
        local.set(endB, i32.add(startB, i32.mul(k, stepBytes)));
        if (unrolled > 1)
          local.set(unrolledEndB, i32.add(startB, i32.mul(i32.and(k, -unrolled), stepBytes)));
        forEach(i, 0, m, rows, () => {
          tile.clear();
          local.set(pb, startB);
          local.set(pointers[0]!, i32.add(a, i32.mul(i, aStep)));
          for (let row = 1; row < rows; row++) {
            // Rows that are not there are the last one again.
            const isThere = i32.lt_s(i32.add(i, row), m);
            local.set(pointers[row]!, i32.add(i32.mul(isThere, aStep), pointers[row - 1]!));
          }
          tile.forRows(i, m, (some) => {
            if (unrolled > 1)
              whileBelow(pb, unrolledEndB, unrolled * stepBytes, () => steps(unrolled, some));
            whileBelow(pb, endB, stepBytes, () => steps(1, some));
          });
          tile.store({ c, cStep, spare, isFirst, i, j, m, n });
        });
        advance(startB, bPanel);
      });
    },
  );
}

/** Writes the part of a tile that lies within C. */
function storeRest(
  scope: Scope,
  at: Record<"tile" | "cStep" | "spare" | "isFirst" | "i" | "j" | "m" | "n", Local<"i32">> & {
    rows: number;
  },
): void {
  const { tile, cStep, spare, isFirst, i, j, m, n, rows } = at;
  const row = scope.i32();
  const column = scope.i32();
  const from = scope.i32();
  const to = scope.i32();
  const height = scope.i32();
  const width = scope.i32();
  const smaller = (target: Local<"i32">, limit: number) => {
    i32.gt_s(target, limit);
    if_({}, () => {
      local.set(target, limit);
    });
  };
  local.set(height, i32.sub(m, i));
  smaller(height, rows);
  local.set(width, i32.sub(n, j));
  smaller(width, panelColumns);
  forEach(row, 0, height, 1, () => {
    local.set(from, i32.add(spare, i32.mul(row, panelColumns * numberBytes)));
    local.set(to, tile);
    forEach(column, 0, width, 1, () => {
      local.get(isFirst);
      if_(
        {},
        () => {
          f32.store({}, to, f32.load({}, from));
        },
        () => {
          f32.store({}, to, f32.add(f32.load({}, to), f32.load({}, from)));
        },
      );
      advance(from, numberBytes);
      advance(to, numberBytes);
    });
    advance(tile, cStep);
  });
}
