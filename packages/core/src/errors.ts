/**
 * The errors of Chainrule: one family, so that `catch (e) { if (e instanceof ChainruleError) … }` is enough.
 *
 * Every message says what is wrong, with the values, and then what to do. The values are also there as data, in
 * `details`, for tools. An error never leaves state half changed: the checks run before the work.
 */

/** The base of all errors that Chainrule throws on purpose. */
export class ChainruleError extends Error {
  /** The values that the message speaks of, for tools. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = new.target.name;
    this.details = details;
  }
}

/** Shapes that do not fit: inner dimensions, broadcasting, a reshape that loses elements. */
export class ShapeError extends ChainruleError {}

/** An element type that the operation is not made for. */
export class DTypeError extends ChainruleError {}

/** A dimension, an index or a count outside its range. */
export class IndexError extends ChainruleError {}

/** Differentiation that cannot be: no graph, a graph already freed, a saved tensor that was changed. */
export class GradError extends ChainruleError {}

/** An argument of the wrong kind or value: an unknown option, NaN where a number is needed. */
export class ArgumentError extends ChainruleError {}

/** A matrix that has not what was asked for: no inverse, no Cholesky factor, or numbers that are not finite. */
export class LinAlgError extends ChainruleError {}

/** Joins an op's name with what is wrong: `matmul: inner dimensions 3 and 4 differ …`. */
export function described(where: string, what: string): string {
  return where === "" ? what : `${where}: ${what}`;
}

/** Renders any value briefly for an error message. */
export function quoted(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map(quoted).join(", ");
    return value.length > 8 ? `[${shown}, … ${value.length} in all]` : `[${shown}]`;
  }
  if (value !== null && typeof value === "object") {
    const name: unknown = value.constructor?.name;
    return typeof name === "string" && name !== "Object"
      ? name
      : `{ ${Object.keys(value).join(", ")} }`;
  }
  return String(value);
}

/**
 * Refuses option names that are not known, so that a misspelt option is an error and not a silent default.
 *
 * @throws {ArgumentError} naming the unknown option and the known ones.
 */
export function checkOptions(
  where: string,
  options: object | undefined,
  known: readonly string[],
): void {
  if (options === undefined) return;
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw new ArgumentError(
      described(
        where,
        `the options must be an object such as { ${known.join(", ")} }, not ${quoted(options)}.`,
      ),
      { options },
    );
  }
  for (const name in options) {
    if (!known.includes(name)) {
      const list = known.length === 0 ? "There are none." : `Known: ${known.join(", ")}.`;
      throw new ArgumentError(described(where, `unknown option ${quoted(name)}. ${list}`), {
        option: name,
        known,
      });
    }
  }
}

/** Refuses anything but a finite number. */
export function checkNumber(where: string, name: string, value: unknown): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new ArgumentError(described(where, `${name} must be a number, not ${quoted(value)}.`), {
      [name]: value,
    });
  }
  return value;
}

/** Refuses anything but a whole number in [least, most]. */
export function checkInteger(
  where: string,
  name: string,
  value: unknown,
  least: number = Number.MIN_SAFE_INTEGER,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
    const range =
      least === Number.MIN_SAFE_INTEGER
        ? ""
        : most === Number.MAX_SAFE_INTEGER
          ? ` of at least ${least}`
          : ` from ${least} to ${most}`;
    throw new ArgumentError(
      described(where, `${name} must be a whole number${range}, not ${quoted(value)}.`),
      {
        [name]: value,
      },
    );
  }
  return value;
}

/** Refuses anything but true and false; `otherwise` where nothing was given. */
export function checkBoolean(
  where: string,
  name: string,
  value: unknown,
  otherwise: boolean,
): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== "boolean") {
    throw new ArgumentError(
      described(where, `${name} must be true or false, not ${quoted(value)}.`),
      { [name]: value },
    );
  }
  return value;
}
