/** Changes to files: of their bytes, and of text that means something. */
import type { Random } from "./random.ts";

/** Numbers at which readers go wrong. */
const numbers = [
  "0",
  "1",
  "-1",
  "2",
  "3",
  "7",
  "8",
  "9",
  "255",
  "256",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "9007199254740991",
  "9007199254740992",
  "18446744073709551615",
  "1e3",
  "1e400",
  "0.5",
  "-0",
  "01",
  "00",
  "NaN",
  "Infinity",
  "1L",
];
const texts = [
  '""',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"__metadata__"',
  '"\\ud800"',
  '"\\u0000"',
  '"\\n"',
  '"é"',
  "''",
  "'__proto__'",
  "null",
  "true",
  "false",
  "True",
  "False",
  "None",
  "[]",
  "{}",
  "()",
  "(1,)",
  "[0,0]",
  "[0]",
];
const marks = [
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  ":",
  ",",
  '"',
  "'",
  " ",
  "\n",
  "\t",
  "\\",
  "/",
  "\u0000",
  "\u00ff",
];
const token = /"(?:[^"\\]|\\.)*"|'[^']*'|-?\d+(?:\.\d+)?|\w+|[^\w\s]/g;

/** Text with some of its tokens replaced, left out, doubled, swapped or added; `words` are some that the format knows. */
export function mutateText(random: Random, text: string, words: readonly string[]): string {
  const tokens = text.match(token) ?? [];
  const changes = 1 + random.below(random.oneIn(4) ? 6 : 2);
  for (let i = 0; i < changes; i++) {
    const at = random.below(tokens.length);
    const old = tokens[at] ?? "";
    switch (random.below(7)) {
      case 0:
        tokens[at] = /^-?\d/.test(old) ? nearby(random, old) : random.pick(words);
        break;
      case 1:
        tokens[at] = random.pick([...numbers, ...texts, ...words]);
        break;
      case 2:
        tokens.splice(at, 1);
        break;
      case 3:
        tokens.splice(at, 0, ...tokens.slice(at, at + 1 + random.below(12)));
        break;
      case 4: {
        const other = random.below(tokens.length);
        [tokens[at], tokens[other]] = [tokens[other] ?? "", old];
        break;
      }
      case 5:
        tokens.splice(at, 0, random.pick(marks));
        break;
      default:
        tokens.splice(at, random.below(20));
    }
  }
  return tokens.join("");
}

function nearby(random: Random, old: string): string {
  const value = Number(old);
  return random.pick([
    String(value + 1),
    String(value - 1),
    String(value * 2),
    `${old}0`,
    ...numbers,
  ]);
}

const interesting = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

/** A copy with some bytes changed, cut out, doubled or added, or with the end cut off. */
export function mutateBytes(
  random: Random,
  bytes: Uint8Array,
  others: readonly Uint8Array[],
): Uint8Array {
  let copy: Uint8Array = bytes.slice();
  const changes = 1 + random.below(random.oneIn(4) ? 8 : 2);
  for (let i = 0; i < changes && copy.length > 0; i++) {
    const at = random.below(copy.length);
    switch (random.below(9)) {
      case 0:
      case 1:
        copy[at]! ^= 1 << random.below(8);
        break;
      case 2:
        copy[at] = random.pick(interesting);
        break;
      case 3:
        copy[at] = random.below(256);
        break;
      case 4:
        // A field of two, four or eight bytes.
        copy.fill(random.pick([0, 0xff]), at, at + 2 ** (1 + random.below(3)));
        break;
      case 5:
        copy = copy.slice(0, at);
        break;
      case 6:
        copy = joined(copy.subarray(0, at), copy.subarray(at + 1 + random.below(16)));
        break;
      case 7: {
        const from = random.below(copy.length);
        copy = joined(
          copy.subarray(0, at),
          copy.subarray(from, from + random.below(64)),
          copy.subarray(at),
        );
        break;
      }
      default: {
        const other = random.pick(others);
        copy = joined(copy.subarray(0, at), other.subarray(random.below(other.length)));
      }
    }
  }
  return copy;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
