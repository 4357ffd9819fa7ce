/**
 * Checks of hyperparameters.
 */
import { ArgumentError, checkNumber } from "@chainrule/core";

/** Refuses a value that a hyperparameter cannot have. */
export type OptionRule = (where: string, name: string, value: unknown) => void;

/** A rule for each hyperparameter: its keys are the names that are known. */
export type OptionRules<Options> = { readonly [K in keyof Options]-?: OptionRule };

/** A finite number of at least 0. */
export const notNegative: OptionRule = (where, name, value) => {
  const number = finite(where, name, value);
  if (number < 0) {
    throw new ArgumentError(`${where}: ${name} must be at least 0, not ${number}.`, {
      [name]: value,
    });
  }
};

/** Any finite number. */
export const anyNumber: OptionRule = (where, name, value) => {
  finite(where, name, value);
};

export const flag: OptionRule = (where, name, value) => {
  if (typeof value !== "boolean") {
    throw new ArgumentError(`${where}: ${name} must be true or false, not ${String(value)}.`, {
      [name]: value,
    });
  }
};

/** Two decay rates, each from 0 up to but without 1. */
export const decayRates: OptionRule = (where, name, value) => {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new ArgumentError(`${where}: ${name} must be two numbers such as [0.9, 0.999].`, {
      [name]: value,
    });
  }
  for (const [i, rate] of value.entries()) {
    const number = finite(where, `${name}[${i}]`, rate);
    if (number < 0 || number >= 1) {
      throw new ArgumentError(
        `${where}: ${name}[${i}] must be at least 0 and less than 1, not ${number}.`,
        { [name]: value },
      );
    }
  }
};

function finite(where: string, name: string, value: unknown): number {
  const number = checkNumber(where, name, value);
  if (!Number.isFinite(number)) {
    throw new ArgumentError(`${where}: ${name} must be finite, not ${number}.`, { [name]: value });
  }
  return number;
}
