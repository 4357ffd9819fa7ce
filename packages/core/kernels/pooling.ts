/**
 * Maxima and means over the windows of planes, and their adjoints.
 *
 * What the windows are stands in a table, whose address the kernels get; `pool-layout.ts` says how. Windows begin and
 * end at distances in bytes from the first number of a plane.
 */
import type { Local } from "wasmati";
import { f32, f32x4, f64, f64x2, i32, i32x4, if_, local, memory, v128 } from "wasmati";
import { poolLayout as layout, windowsLie } from "../src/accelerated/pool-layout.ts";
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";

type Whole = Local<"i32">;

const { entryBytes } = layout;

/** One dimension: its entries, and the range of the present one. */
class Windows {
  readonly entry: Whole;
  /** Where the present window begins and ends. */
  readonly first: Whole;
  readonly end: Whole;
  private readonly step: Whole;
  private readonly from: Whole;
  private readonly to: Whole;

  constructor(scope: Scope, table: Whole, dim: number) {
    const word = (offset: number): Whole => {
      const variable = scope.i32();
      local.set(variable, i32.load({ offset }, table));
      return variable;
    };
    this.step = word(layout.steps + 4 * dim);
    this.from = word(layout.windows + 8 * dim);
    this.to = word(layout.windows + 8 * dim + 4);
    this.entry = scope.i32();
    this.first = scope.i32();
    this.end = scope.i32();
  }

  /** Calls `body` for each window; it may move on by other steps, which are a variable then. */
  forEach(body: () => void, step: Whole | number = entryBytes): void {
    local.set(this.entry, this.from);
    whileBelow(this.entry, this.to, step, () => {
      local.set(this.first, i32.load({}, this.entry));
      local.set(this.end, i32.load({ offset: 4 }, this.entry));
      body();
    });
  }

  /** Calls `body` for each place in the present window. */
  forEachPlace(place: Whole, body: () => void): void {
    forEach(place, this.first, this.end, this.step, body);
  }

  /** What a mean divides by on account of this dimension. */
  count(): ReturnType<typeof f64.promote_f32> {
    return f64.promote_f32(f32.load({ offset: 12 }, this.entry));
  }
}

function dimensions(scope: Scope, table: Whole): [Windows, Windows, Windows] {
  return [0, 1, 2].map((dim) => new Windows(scope, table, dim)) as [Windows, Windows, Windows];
}

function wordOf(scope: Scope, table: Whole, offset: number): Whole {
  const variable = scope.i32();
  local.set(variable, i32.load({ offset }, table));
  return variable;
}

/**
 * maxPool(target, places, source, planes, table): for each plane and each window the largest number, and its place in
 * the plane: the first of several, the last NaN where there is one, −1 for a window without numbers.
 */
export const maxPool: Kernel = kernel(["i32", "i32", "i32", "i32", "i32"], (args, scope) => {
  const [target, places, source, planes, table] = args;
  const planeBytes = wordOf(scope, table, layout.planeBytes);
  const [slices, rows, columns] = dimensions(scope, table);
  const plane = scope.i32();
  const z = scope.i32();
  const y = scope.i32();
  const x = scope.i32();
  const row = scope.i32();
  const pointer = scope.i32();
  const lies = scope.i32();
  const step = scope.i32();
  /** How far the other three windows are from the first. */
  const distances = [scope.i32(), scope.i32(), scope.i32()];
  // Vectors are chosen from without a jump, which nobody could foresee; also where one number of them counts.
  const [most, place, value, more, here, apart] = scope.vectors(6) as [
    Local<"v128">,
    Local<"v128">,
    Local<"v128">,
    Local<"v128">,
    Local<"v128">,
    Local<"v128">,
  ];

  /** The window, or four of them side by side, where `read` leaves on the stack what lies at `pointer`. */
  const largest = (read: () => void): void => {
    v128.const("f32x4", [-Infinity, -Infinity, -Infinity, -Infinity]);
    local.set(most);
    i32x4.splat(i32.add(i32.add(slices.first, rows.first), columns.first));
    local.get(apart);
    i32x4.add();
    local.set(place);
    i32.and(i32.lt_s(slices.first, slices.end), i32.lt_s(rows.first, rows.end));
    i32.lt_s(columns.first, columns.end);
    i32.and();
    i32.eqz();
    if_({}, () => {
      i32x4.splat(-4);
      local.set(place);
    });
    slices.forEachPlace(z, () => {
      rows.forEachPlace(y, () => {
        local.set(row, i32.add(z, y));
        columns.forEachPlace(x, () => {
          i32x4.splat(local.tee(pointer, i32.add(row, x)));
          local.get(apart);
          i32x4.add();
          local.set(here);
          local.set(pointer, i32.add(source, pointer));
          read();
          local.set(value);
          local.set(more, v128.or(f32x4.gt(value, most), f32x4.ne(value, value)));
          local.set(most, v128.bitselect(value, most, more));
          local.set(place, v128.bitselect(here, place, more));
        });
      });
    });
    local.set(place, i32x4.shr_s(place, 2));
  };

  const alone = (): void => {
    local.set(step, entryBytes);
    local.set(apart, v128.const("i32x4", [0, 0, 0, 0]));
    largest(() => v128.load32_zero({}, pointer));
    v128.store32_lane({}, 0, target, most);
    v128.store32_lane({}, 0, places, place);
    advance(target, 4);
    advance(places, 4);
  };
  const four = (read: () => void): void => {
    local.set(step, 4 * entryBytes);
    largest(read);
    store(target, most);
    store(places, place);
    advance(target, 16);
    advance(places, 16);
  };
  const byOnes = (): void => {
    local.set(apart, v128.const("i32x4", [0, 4, 8, 12]));
    four(() => load(pointer));
  };
  const byTwos = (): void => {
    local.set(apart, v128.const("i32x4", [0, 8, 16, 24]));
    four(() => {
      local.set(value, load(pointer));
      local.set(more, load(pointer, 16));
      shuffle(value, more, [0, 2, 4, 6]);
    });
  };
  const anywhere = (): void => {
    local.set(apart, i32x4.splat(0));
    for (const [i, distance] of distances.entries()) {
      const next = { offset: (i + 1) * entryBytes };
      local.set(distance, i32.sub(i32.load(next, columns.entry), columns.first));
      local.set(apart, i32x4.replace_lane((i + 1) as 1 | 2 | 3, apart, distance));
    }
    four(() => {
      v128.load32_zero({}, pointer);
      local.set(value);
      for (const [i, distance] of distances.entries()) {
        v128.load32_lane({}, (i + 1) as 1 | 2 | 3, i32.add(pointer, distance), value);
        local.set(value);
      }
      local.get(value);
    });
  };

  forEach(plane, 0, planes, 1, () => {
    slices.forEach(() => {
      rows.forEach(() => {
        columns.forEach(() => {
          local.set(lies, i32.load({ offset: 8 }, columns.entry));
          i32.eq(lies, windowsLie.byTwos);
          if_({}, byTwos, () => {
            i32.eq(lies, windowsLie.byOnes);
            if_({}, byOnes, () => {
              i32.eq(lies, windowsLie.anywhere);
              if_({}, anywhere, alone);
            });
          });
        }, step);
      });
    });
    advance(source, planeBytes);
  });
});

/**
 * putPlanes(target, source, places, planes, size, count, room): the sums of `count` numbers for each plane of `size`
 * numbers, each at its place; those with the place −1 are left out. `room` is for a plane of sums in double precision.
 */
export const putPlanes: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, source, places, planes, size, count, room], scope) => {
    const plane = scope.i32();
    const place = scope.i32();
    const end = scope.i32();
    const sum = scope.i32();
    const roomBytes = scope.i32();
    local.set(roomBytes, i32.shl(size, 3));
    forEach(plane, 0, planes, 1, () => {
      local.get(room);
      i32.const(0);
      local.get(roomBytes);
      memory.fill();
      local.set(end, i32.add(source, i32.shl(count, 2)));
      whileBelow(source, end, 4, () => {
        i32.ge_s(local.tee(place, i32.load({}, places)), 0);
        if_({}, () => {
          local.set(place, i32.add(room, i32.shl(place, 3)));
          f64.store({}, place, f64.add(f64.load({}, place), f64.promote_f32(f32.load({}, source))));
        });
        advance(places, 4);
      });
      local.set(sum, room);
      local.set(end, i32.add(room, i32.and(roomBytes, -16)));
      whileBelow(sum, end, 16, () => {
        const pair = { offset: 0, align: 4 };
        v128.store64_lane(pair, 0, target, f32x4.demote_f64x2_zero(load(sum)));
        advance(target, 8);
      });
      i32.and(size, 1);
      if_({}, () => {
        f32.store({}, target, f32.demote_f64(f64.load({}, sum)));
        advance(target, 4);
      });
    });
  },
);

/** The present window's divisor: the table's, or the product of what the dimensions say. */
function divisorOf(count: Local<"f64">, divisor: Local<"f64">, windows: readonly Windows[]): void {
  local.set(count, divisor);
  f64.eq(divisor, 0);
  if_({}, () => {
    const [slices, rows, columns] = windows as [Windows, Windows, Windows];
    local.set(count, f64.mul(f64.mul(slices.count(), rows.count()), columns.count()));
  });
}

/**
 * meanPool(target, source, planes, table, room): for each plane and each window the sum of its numbers, divided; 0 where
 * the divisor is. Rows are added up first, number by number, and what comes of it within the windows: all in double
 * precision. `room` is for a row of such numbers, and three more.
 */
export const meanPool: Kernel = kernel(["i32", "i32", "i32", "i32", "i32"], (args, scope) => {
  const [target, source, planes, table, room] = args;
  const planeBytes = wordOf(scope, table, layout.planeBytes);
  const widthBytes = wordOf(scope, table, layout.widthBytes);
  const windows = dimensions(scope, table);
  const [slices, rows, columns] = windows;
  const plane = scope.i32();
  const z = scope.i32();
  const y = scope.i32();
  const x = scope.i32();
  const at = scope.i32();
  const divisor = scope.f64();
  const count = scope.f64();
  const total = scope.f64();
  const value = scope.v128();
  const low = scope.v128();
  const high = scope.v128();
  local.set(divisor, f64.load({ offset: layout.divisor }, table));
  forEach(plane, 0, planes, 1, () => {
    slices.forEach(() => {
      rows.forEach(() => {
        forEach(x, 0, widthBytes, 16, () => {
          for (const half of [low, high]) local.set(half, v128.const("f64x2", [0, 0]));
          slices.forEachPlace(z, () => {
            rows.forEachPlace(y, () => {
              local.set(at, i32.add(i32.add(source, x), i32.add(z, y)));
              local.set(value, load(at));
              local.set(low, f64x2.add(low, f64x2.promote_low_f32x4(value)));
              f64x2.promote_low_f32x4(shuffle(value, value, [2, 3, 2, 3]));
              local.get(high);
              local.set(high, f64x2.add());
            });
          });
          local.set(at, i32.add(room, i32.shl(x, 1)));
          store(at, low);
          store(at, high, 16);
        });
        columns.forEach(() => {
          local.set(total, 0);
          columns.forEachPlace(x, () => {
            local.set(total, f64.add(total, f64.load({}, i32.add(room, i32.shl(x, 1)))));
          });
          divisorOf(count, divisor, windows);
          f64.eq(count, 0);
          if_(
            {},
            () => local.set(total, 0),
            () => local.set(total, f64.div(total, count)),
          );
          f32.store({}, target, f32.demote_f64(total));
          advance(target, 4);
        });
      });
    });
    advance(source, planeBytes);
  });
});

/**
 * spreadPool(target, source, planes, table, room): adds to all numbers of each window the number of the source that
 * belongs to it, divided. What a row of windows gives to each place is added up in double precision first.
 */
export const spreadPool: Kernel = kernel(["i32", "i32", "i32", "i32", "i32"], (args, scope) => {
  const [target, source, planes, table, room] = args;
  const planeBytes = wordOf(scope, table, layout.planeBytes);
  const widthBytes = wordOf(scope, table, layout.widthBytes);
  const windows = dimensions(scope, table);
  const [slices, rows, columns] = windows;
  const plane = scope.i32();
  const z = scope.i32();
  const y = scope.i32();
  const x = scope.i32();
  const at = scope.i32();
  const wholeBytes = scope.i32();
  const divisor = scope.f64();
  const count = scope.f64();
  const share = scope.f64();
  const low = scope.v128();
  const high = scope.v128();
  local.set(divisor, f64.load({ offset: layout.divisor }, table));
  local.set(wholeBytes, i32.and(widthBytes, -16));
  forEach(plane, 0, planes, 1, () => {
    slices.forEach(() => {
      rows.forEach(() => {
        forEach(x, 0, widthBytes, 4, () => {
          f64.store({}, i32.add(room, i32.shl(x, 1)), 0);
        });
        columns.forEach(() => {
          divisorOf(count, divisor, windows);
          local.set(share, f64.promote_f32(f32.load({}, source)));
          f64.eq(count, 0);
          if_(
            {},
            () => local.set(share, 0),
            () => local.set(share, f64.div(share, count)),
          );
          columns.forEachPlace(x, () => {
            local.set(at, i32.add(room, i32.shl(x, 1)));
            f64.store({}, at, f64.add(f64.load({}, at), share));
          });
          advance(source, 4);
        });
        slices.forEachPlace(z, () => {
          rows.forEachPlace(y, () => {
            forEach(x, 0, wholeBytes, 16, () => {
              local.set(at, i32.add(room, i32.shl(x, 1)));
              local.set(low, f32x4.demote_f64x2_zero(load(at)));
              local.set(high, f32x4.demote_f64x2_zero(load(at, 16)));
              local.set(low, shuffle(low, high, [0, 1, 4, 5]));
              local.set(at, i32.add(i32.add(target, x), i32.add(z, y)));
              store(at, f32x4.add(load(at), low));
            });
            // Not beyond the row: what lies there may be somebody else's.
            whileBelow(x, widthBytes, 4, () => {
              local.set(share, f64.load({}, i32.add(room, i32.shl(x, 1))));
              local.set(at, i32.add(i32.add(target, x), i32.add(z, y)));
              f32.store({}, at, f32.add(f32.load({}, at), f32.demote_f64(share)));
            });
          });
        });
      });
    });
    advance(target, planeBytes);
  });
});
