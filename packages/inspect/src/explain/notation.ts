/**
 * Writing expressions: as plain text for the terminal, and as TeX.
 */
import type { Expression, Name } from "./expression.ts";

/** A way to write formulas. */
export interface Notation {
  number(value: number): string;
  name(name: Name, of: Name | null): string;
  readonly times: string;
  readonly half: string;
  readonly partial: (of: string, by: string) => string;
  quotient(above: string, below: string): string;
  power(base: string, exponent: number): string;
  call(name: string, operands: string): string;
  transpose(of: string): string;
  readonly elementwise: string;
  readonly matrixTimes: string;
  readonly separator: string;
  readonly minus: string;
  brackets(inner: string): string;
}

/** How tightly an expression holds together: a sum least, a name most. */
const strength = { sum: 1, product: 2, power: 3, atom: 4 } as const;

interface Written {
  readonly text: string;
  readonly strength: number;
  /** Begins with a minus sign. */
  readonly isNegative: boolean;
}

/** The expression in a notation; with `substituted`, numbers stand for its quantities. */
export function write(expression: Expression, notation: Notation, substituted = false): string {
  return written(expression, notation, substituted).text;
}

function written(expression: Expression, notation: Notation, substituted: boolean): Written {
  const atom = (text: string): Written => ({ text, strength: strength.atom, isNegative: false });
  const inner = (part: Expression, least: number): string => {
    const one = written(part, notation, substituted);
    return one.strength < least || one.isNegative ? notation.brackets(one.text) : one.text;
  };
  switch (expression.kind) {
    case "number":
      return ofNumber(expression.value, notation);
    case "quantity":
      return substituted && !Number.isNaN(expression.value)
        ? ofNumber(expression.value, notation)
        : atom(notation.name(expression.name, expression.of));
    case "sum": {
      let text = "";
      for (const [i, term] of expression.terms.entries()) {
        const isSubtracted = i > 0 && hasMinus(term);
        const { text: part, isNegative } = written(
          isSubtracted ? withoutMinus(term) : term,
          notation,
          substituted,
        );
        if (i === 0) text = part;
        else if (isSubtracted)
          text += ` ${notation.minus} ${isNegative ? notation.brackets(part) : part}`;
        // A first factor that is negative: its sign is that of the term.
        else if (isNegative) text += ` ${notation.minus} ${part.slice(notation.minus.length)}`;
        else text += ` + ${part}`;
      }
      return { text, strength: strength.sum, isNegative: text.startsWith(notation.minus) };
    }
    case "product": {
      const { factor, factors } = expression;
      const parts = factors.map((one, i) => {
        const part = written(one, notation, substituted);
        const needsBrackets =
          part.strength < strength.product ||
          (part.isNegative && (i > 0 || factor !== 1)) ||
          (one.kind === "product" && factors.length > 1);
        return needsBrackets ? notation.brackets(part.text) : part.text;
      });
      const size = Math.abs(factor);
      if (size !== 1) parts.unshift(size === 0.5 ? notation.half : notation.number(size));
      const text = parts.join(notation.times);
      return factor < 0
        ? { text: `${notation.minus}${text}`, strength: strength.product, isNegative: true }
        : {
            text,
            strength: parts.length === 1 ? strength.power : strength.product,
            isNegative: text.startsWith(notation.minus),
          };
    }
    case "quotient":
      return {
        text: notation.quotient(
          inner(expression.above, strength.product),
          inner(expression.below, strength.power),
        ),
        strength: strength.product,
        isNegative: false,
      };
    case "power":
      return {
        text: notation.power(inner(expression.base, strength.atom), expression.exponent),
        strength: strength.power,
        isNegative: false,
      };
    case "call":
      return atom(
        notation.call(
          expression.function,
          expression.operands
            .map((one) => write(one, notation, substituted))
            .join(notation.separator),
        ),
      );
    case "transpose":
      return atom(notation.transpose(inner(expression.of, strength.atom)));
    case "matrixProduct":
    case "elementwise": {
      const sign = expression.kind === "elementwise" ? notation.elementwise : notation.matrixTimes;
      const least = strength.product;
      return {
        text: `${inner(expression.left, least)}${sign}${inner(expression.right, least)}`,
        strength: strength.product,
        isNegative: false,
      };
    }
  }
}

function ofNumber(value: number, notation: Notation): Written {
  const isNegative = value < 0 || Object.is(value, -0);
  return { text: notation.number(value), strength: strength.atom, isNegative };
}

function hasMinus(term: Expression): boolean {
  return (term.kind === "product" && term.factor < 0) || (term.kind === "number" && term.value < 0);
}

function withoutMinus(term: Expression): Expression {
  if (term.kind === "number") return { kind: "number", value: -term.value };
  if (term.kind !== "product") return term;
  const { factors } = term;
  return term.factor === -1 && factors.length === 1
    ? factors[0]!
    : { ...term, factor: -term.factor };
}

/** The digits of a number: `digits` significant ones; the parts before and after the power of ten. */
function digitsOf(value: number, digits: number): { mantissa: string; exponent: number } {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e7))
    return { mantissa: String(Number(size.toPrecision(digits))), exponent: 0 };
  const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
  return { mantissa: String(Number(mantissa)), exponent: Number(exponent) };
}

const subscriptDigits = "₀₁₂₃₄₅₆₇₈₉";
const superscriptDigits = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function raised(exponent: number): string {
  const digits = String(Math.abs(exponent)).replace(
    /\d/g,
    (digit) => superscriptDigits[Number(digit)]!,
  );
  return exponent < 0 ? `⁻${digits}` : digits;
}

const textNames: Readonly<Record<string, string>> = {
  sigmoid: "σ",
  relu: "ReLU",
  "relu′": "ReLU′",
  log: "ln",
};

/** Unicode, for the terminal. */
export function textNotation(decimal: "." | ",", digits: number): Notation {
  const nameText = ({ base: letter, above, subscripts }: Name): string => {
    const base = letter + above;
    if (subscripts.length === 0) return base;
    // 112 could be 1,12 or 11,2: then they are written apart.
    if (subscripts.some((one) => one > 9) && subscripts.length > 1)
      return `${base}[${subscripts.join(",")}]`;
    const lowered = subscripts.join("").replace(/\d/g, (digit) => subscriptDigits[Number(digit)]!);
    return `${base}${lowered}`;
  };
  const partial = (of: string, by: string): string => `∂${of}/∂${by}`;
  return {
    number: (value) => {
      if (Number.isNaN(value)) return "NaN";
      if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
      const { mantissa, exponent } = digitsOf(value, digits);
      const sign = value < 0 ? "−" : "";
      return `${sign}${mantissa.replace(".", decimal)}${exponent === 0 ? "" : `·10${raised(exponent)}`}`;
    },
    name: (name, of) => (of === null ? nameText(name) : partial(nameText(of), nameText(name))),
    times: "·",
    half: "½",
    partial,
    quotient: (above, below) => `${above}/${below}`,
    power: (base, exponent) =>
      Number.isInteger(exponent) ? `${base}${raised(exponent)}` : `${base}^${exponent}`,
    call: (name, operands) => `${textNames[name] ?? name}(${operands})`,
    transpose: (of) => `${of}ᵀ`,
    elementwise: " ⊙ ",
    matrixTimes: " ",
    separator: decimal === "," ? "; " : ", ",
    minus: "−",
    brackets: (inner) => `(${inner})`,
  };
}

const texNames: Readonly<Record<string, string>> = {
  sigmoid: "\\sigma",
  tanh: "\\tanh",
  exp: "\\exp",
  log: "\\ln",
  relu: "\\operatorname{ReLU}",
  "relu′": "\\operatorname{ReLU}'",
};

/** TeX, as Markdown and MathML take it. */
export function texNotation(decimal: "." | ",", digits: number): Notation {
  const nameTeX = ({ base, above, subscripts }: Name): string => {
    // A number in the name counts below, w1; where elements are counted there, it is a layer and stands above.
    const [, letters, count] = /^(.*?)(\d*)(?:′)?$/s.exec(base)!;
    const prime = base.endsWith("′") ? "'" : "";
    const letter = letters === "" ? count! : letterTeX(letters!);
    const digits = letters === "" ? "" : count!;
    const isLayer = digits !== "" && subscripts.length > 0;
    const upper = above === "" ? (isLayer ? `(${digits})` : "") : letterTeX(above);
    const separator = subscripts.some((one) => one > 9) ? "," : "";
    const lower = subscripts.length > 0 ? subscripts.join(separator) : digits;
    const below = lower === "" ? "" : `_{${lower}}`;
    return upper === "" ? `${letter}${prime}${below}` : `${letter}${below}^{${upper}${prime}}`;
  };
  const partial = (of: string, by: string): string => `\\frac{\\partial ${of}}{\\partial ${by}}`;
  return {
    number: (value) => {
      if (Number.isNaN(value)) return "\\mathrm{NaN}";
      if (!Number.isFinite(value)) return value < 0 ? "-\\infty" : "\\infty";
      const { mantissa, exponent } = digitsOf(value, digits);
      const sign = value < 0 ? "-" : "";
      const shown = decimal === "," ? mantissa.replace(".", "{,}") : mantissa;
      return `${sign}${shown}${exponent === 0 ? "" : ` \\cdot 10^{${exponent}}`}`;
    },
    name: (name, of) => (of === null ? nameTeX(name) : partial(nameTeX(of), nameTeX(name))),
    times: " \\cdot ",
    half: "\\tfrac{1}{2}",
    partial,
    quotient: (above, below) => `\\frac{${above}}{${below}}`,
    power: (base, exponent) => `${base}^{${exponent}}`,
    call: (name, operands) =>
      `${texNames[name] ?? `\\operatorname{${escaped(name)}}`}\\left(${operands}\\right)`,
    transpose: (of) => `${of}^{\\top}`,
    elementwise: " \\odot ",
    matrixTimes: " \\, ",
    separator: decimal === "," ? "; " : ", ",
    minus: "-",
    brackets: (inner) => `\\left(${inner}\\right)`,
  };
}

function letterTeX(letters: string): string {
  if (letters === "δ") return "\\delta";
  return /^[a-zA-Z]$/.test(letters) ? letters : `\\mathit{${escaped(letters)}}`;
}

const commands: Readonly<Record<string, string>> = {
  "\\": "\\backslash ",
  "^": "\\text{^}",
  "~": "\\text{~}",
  "<": "\\lt ",
  ">": "\\gt ",
};

/** A user's name inside of TeX: nothing in it is a command, or markup where Markdown lets HTML through. */
function escaped(name: string): string {
  return name.replace(/[\\{}$&#^_%~<>]/g, (sign) => commands[sign] ?? `\\${sign}`);
}
