/**
 * What turns convolutions into matrix products: padded images, their windows as panels, and products given back to the
 * places of the windows.
 */
import type { Local } from "wasmati";
import { f32, f32x4, i32, if_, local } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";

/**
 * padRows(image, source, starts, rows, before, length, after): rows of an image with padding. `starts` is a table: where,
 * in bytes from the source, the `length` numbers of each row begin, −1 for rows of zeros; before and behind them are
 * so many zeros. Up to three numbers behind the image are written, too.
 */
export const padRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([image, source, starts, rows, before, length, after], scope) => {
    const row = scope.i32();
    const start = scope.i32();
    const end = scope.i32();
    const zeros = (numbers: Local<"i32">): void => {
      local.set(end, i32.add(image, i32.shl(numbers, 2)));
      whileBelow(image, end, 4, () => {
        i32.store({}, image, 0);
      });
    };
    const all = scope.i32();
    local.set(all, i32.add(i32.add(before, length), after));
    forEach(row, 0, rows, 1, () => {
      local.set(start, i32.load({}, starts));
      advance(starts, 4);
      i32.lt_s(start, 0);
      if_(
        {},
        () => zeros(all),
        () => {
          zeros(before);
          local.set(start, i32.add(source, start));
          local.set(end, i32.add(image, i32.shl(length, 2)));
          whileBelow(image, end, 16, () => {
            store(image, load(start));
            advance(start, 16);
          });
          local.set(image, end);
          zeros(after);
        },
      );
    });
  },
);

/** unpadRows(target, image, starts, rows, before, length, after): the numbers of a padded image back to where they were. */
export const unpadRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, image, starts, rows, before, length, after], scope) => {
    const row = scope.i32();
    const start = scope.i32();
    const from = scope.i32();
    const end = scope.i32();
    const rowBytes = scope.i32();
    local.set(rowBytes, i32.shl(i32.add(i32.add(before, length), after), 2));
    local.set(image, i32.add(image, i32.shl(before, 2)));
    forEach(row, 0, rows, 1, () => {
      local.set(start, i32.load({}, starts));
      advance(starts, 4);
      i32.ge_s(start, 0);
      if_({}, () => {
        local.set(start, i32.add(target, start));
        local.set(from, image);
        local.set(end, i32.add(start, i32.shl(i32.and(length, -4), 2)));
        whileBelow(start, end, 16, () => {
          store(start, load(from));
          advance(from, 16);
        });
        local.set(end, i32.add(start, i32.shl(i32.and(length, 3), 2)));
        whileBelow(start, end, 4, () => {
          i32.store({}, start, i32.load({}, from));
          advance(from, 4);
        });
      });
      advance(image, rowBytes);
    });
  },
);

/** fillRows(target, values, rows, count): rows of `count` numbers, which are all the same: that of the row. */
export const fillRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32"],
  ([target, values, rows, count], scope) => {
    const row = scope.i32();
    const end = scope.i32();
    const value = scope.f32();
    const four = scope.v128();
    forEach(row, 0, rows, 1, () => {
      local.set(value, f32.load({}, values));
      local.set(four, f32x4.splat(value));
      advance(values, 4);
      local.set(end, i32.add(target, i32.shl(i32.and(count, -4), 2)));
      whileBelow(target, end, 16, () => store(target, four));
      local.set(end, i32.add(target, i32.shl(i32.and(count, 3), 2)));
      whileBelow(target, end, 4, () => {
        f32.store({}, target, value);
      });
    });
  },
);

/** sumParts(target, source, parts, step, count): the sums of numbers that lie `step` bytes apart, one after another. */
export const sumParts: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, source, parts, step, count], scope) => {
    const end = scope.i32();
    const part = scope.i32();
    const from = scope.i32();
    const sum = scope.v128();
    const single = scope.f32();
    local.set(end, i32.add(target, i32.shl(i32.and(count, -4), 2)));
    whileBelow(target, end, 16, () => {
      local.set(sum, load(source));
      local.set(from, source);
      forEach(part, 1, parts, 1, () => {
        advance(from, step);
        local.set(sum, f32x4.add(sum, load(from)));
      });
      store(target, sum);
      advance(source, 16);
    });
    local.set(end, i32.add(target, i32.shl(i32.and(count, 3), 2)));
    whileBelow(target, end, 4, () => {
      local.set(single, f32.load({}, source));
      local.set(from, source);
      forEach(part, 1, parts, 1, () => {
        advance(from, step);
        local.set(single, f32.add(single, f32.load({}, from)));
      });
      f32.store({}, target, single);
      advance(source, 4);
    });
  },
);

const lanes = 4;

/**
 * gather(target, image, lines, along, lineCount, alongCount): panels of `width` lines, as of `pack`. The number of a
 * line and a step lies at image + lines[line] + along[step], which are tables of bytes that rise. Lines that a panel
 * lacks are those of the last one again. Four neighbours, of lines or of steps, are moved together.
 */
export function gather(width: number): Kernel {
  const panelBytes = 4 * width;
  return kernel(["i32", "i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [target, image, lines, along, lineCount, alongCount] = args;
    const first = scope.i32();
    const step = scope.i32();
    const end = scope.i32();
    const endOfFours = scope.i32();
    const place = scope.i32();
    const last = scope.i32();
    const at = scope.i32();
    const next = scope.i32();
    const to = scope.i32();
    const from = Array.from({ length: lanes }, () => scope.i32()) as [
      Local<"i32">,
      Local<"i32">,
      Local<"i32">,
      Local<"i32">,
    ];
    const vectors = scope.vectors(lanes);
    const pairs = scope.vectors(2);
    const [a, b, c, d] = vectors as [Local<"v128">, Local<"v128">, Local<"v128">, Local<"v128">];
    const [low, high] = pairs as [Local<"v128">, Local<"v128">];

    const linesTogether = (): void => {
      whileBelow(step, end, 4, () => {
        local.set(place, i32.add(from[0], i32.load({}, step)));
        store(to, load(place));
        advance(to, panelBytes);
      });
    };
    const oneStep = (): void => {
      local.set(place, i32.load({}, step));
      for (const [i, pointer] of from.entries())
        i32.store({ offset: 4 * i }, to, i32.load({}, i32.add(pointer, place)));
      advance(to, panelBytes);
    };
    const fourSteps = (): void => {
      local.set(place, i32.load({}, step));
      for (const [i, pointer] of from.entries()) {
        local.set(at, i32.add(pointer, place));
        local.set(vectors[i]!, load(at));
      }
      for (const half of [0, 2]) {
        const both = [half, half + 4, half + 1, half + 5];
        local.set(low, shuffle(a, b, both));
        local.set(high, shuffle(c, d, both));
        store(to, shuffle(low, high, [0, 1, 4, 5]), half * panelBytes);
        store(to, shuffle(low, high, [2, 3, 6, 7]), (half + 1) * panelBytes);
      }
      advance(to, 4 * panelBytes);
    };
    const lineByLine = (): void => {
      whileBelow(step, endOfFours, 4, () => {
        i32.sub(i32.load({ offset: 12 }, step), i32.load({}, step));
        i32.const(12);
        i32.eq();
        if_(
          {},
          () => {
            fourSteps();
            advance(step, 12);
          },
          oneStep,
        );
      });
      whileBelow(step, end, 4, oneStep);
    };

    local.set(end, i32.add(along, i32.shl(alongCount, 2)));
    local.set(endOfFours, i32.sub(end, 12));
    local.set(last, i32.add(lines, i32.shl(i32.sub(lineCount, 1), 2)));
    forEach(first, 0, lineCount, width, () => {
      local.set(at, i32.add(lines, i32.shl(first, 2)));
      for (let lane = 0; lane < width; lane += lanes) {
        for (const pointer of from) {
          local.set(pointer, i32.add(image, i32.load({}, at)));
          i32.lt_s(at, last);
          if_({}, () => advance(at, 4));
        }
        local.set(next, at);
        local.set(to, i32.add(target, 4 * lane));
        local.set(step, along);
        // Lines that are lacking are not neighbours.
        i32.and(i32.eq(i32.sub(from[2], from[0]), 8), i32.eq(i32.sub(from[3], from[0]), 12));
        if_({}, linesTogether, lineByLine);
        local.set(at, next);
      }
      local.set(target, i32.add(target, i32.mul(alongCount, panelBytes)));
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
