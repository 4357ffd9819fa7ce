/**
 * TeX with as few brackets as its meaning allows.
 */

/** A piece of TeX with its binding strength, so that brackets are set only where they are needed. */
export interface TeX {
  readonly text: string;
  readonly binding: number;
  /** For what begins with a minus sign: the same without it, so that a + (−b) becomes a − b. */
  readonly opposite?: TeX;
  /** For a number: it goes in front of what it multiplies, without a sign. */
  readonly isNumber?: boolean;
  /** For a choice: its rows, so that a choice within its last row becomes further rows. */
  readonly rows?: readonly string[];
}

/** Binding strengths, from loose to tight. */
export const binding = {
  choice: 0,
  logical: 1,
  comparison: 2,
  sum: 3,
  product: 4,
  prefix: 5,
  power: 6,
  atom: 7,
} as const;

/** `(x)` where x binds more loosely than `least`, else `x`. */
function bracketed(operand: TeX, least: number): string {
  return operand.binding < least ? `\\left(${operand.text}\\right)` : operand.text;
}

/** Something that never needs brackets. */
export function atom(text: string): TeX {
  return { text, binding: binding.atom };
}

/** `a ∘ b` for an associative operator, or one that associates to the left if `rightStrength` is higher. */
export function infix(symbol: string, strength: number, rightStrength: number = strength + 1) {
  return (a: TeX, b: TeX): TeX => ({
    text: `${bracketed(a, strength)} ${symbol} ${bracketed(b, rightStrength)}`,
    binding: strength,
  });
}

/** `f(a, b)`. */
export function applied(symbol: string) {
  return (...operands: TeX[]): TeX =>
    atom(`${symbol}\\left(${operands.map(({ text }) => text).join(", ")}\\right)`);
}

/** `|x|` and the like. */
export function enclosed(left: string, right: string) {
  return (x: TeX): TeX => atom(`${left} ${x.text} ${right}`);
}

/** `f x`, which binds like a sign. */
export function prefixed(symbol: string) {
  return (x: TeX): TeX => ({
    text: `${symbol} ${bracketed(x, binding.prefix)}`,
    binding: binding.prefix,
  });
}

/** −x; −(−x) is x. */
export function negated(x: TeX): TeX {
  if (x.opposite !== undefined) return x.opposite;
  return { text: `-${bracketed(x, binding.product)}`, binding: binding.sum, opposite: x };
}

/** a + b; a − b where b has a minus sign. */
export function sumOf(a: TeX, b: TeX): TeX {
  if (b.opposite !== undefined) return differenceOf(a, b.opposite);
  return {
    text: `${bracketed(a, binding.sum)} + ${bracketed(b, binding.sum)}`,
    binding: binding.sum,
  };
}

/** a − b; a + b where b has a minus sign. */
export function differenceOf(a: TeX, b: TeX): TeX {
  if (b.opposite !== undefined) return sumOf(a, b.opposite);
  return {
    text: `${bracketed(a, binding.sum)} - ${bracketed(b, binding.product)}`,
    binding: binding.sum,
  };
}

/** a·b, with the sign in front and a number before anything else. */
export function productOf(a: TeX, b: TeX): TeX {
  if (a.opposite !== undefined) return negated(productOf(a.opposite, b));
  if (b.opposite !== undefined) return negated(productOf(a, b.opposite));
  if (b.isNumber === true && a.isNumber !== true) return productOf(b, a);
  const left = bracketed(a, binding.product);
  const right = bracketed(b, binding.product);
  const needsSign = a.isNumber !== true || /^[\d.]|^\\t?frac/.test(right);
  return {
    text: needsSign ? `${left} \\cdot ${right}` : `${left} ${right}`,
    binding: binding.product,
  };
}

/** a/b as a fraction, with the sign in front. */
export function fractionOf(a: TeX, b: TeX): TeX {
  if (a.opposite !== undefined) return negated(fractionOf(a.opposite, b));
  return { text: `\\frac{${a.text}}{${b.text}}`, binding: binding.power };
}

/** aᵇ. */
export function powerOf(a: TeX, b: TeX): TeX {
  return { text: `${bracketed(a, binding.atom)}^{${b.text}}`, binding: binding.power };
}

/** The choice between two, in rows: a choice in the last row adds its own. */
export function choiceOf(condition: TeX, a: TeX, b: TeX): TeX {
  const otherwise = b.rows ?? [`${b.text} & \\text{otherwise}`];
  const rows = [`${a.text} & \\text{if } ${condition.text}`, ...otherwise];
  return {
    text: `\\begin{cases} ${rows.join(" \\\\ ")} \\end{cases}`,
    binding: binding.choice,
    rows,
  };
}
