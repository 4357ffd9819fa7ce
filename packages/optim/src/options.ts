/**
 * Checks of hyperparameters.
 */
import { ArgumentError, checkInteger, checkNumber } from "@chainrule/core";
import type { PenaltyOptions } from "./groups.ts";

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

/** A number above 0. */
export const positive: OptionRule = (where, name, value) => {
  const number = finite(where, name, value);
  if (number <= 0) {
    throw new ArgumentError(`${where}: ${name} must be greater than 0, not ${number}.`, {
      [name]: value,
    });
  }
};

/** A number from 0 to 1, both included. */
export const share: OptionRule = (where, name, value) => {
  const number = finite(where, name, value);
  if (number < 0 || number > 1) {
    throw new ArgumentError(`${where}: ${name} must be from 0 to 1, not ${number}.`, {
      [name]: value,
    });
  }
};

/** A whole number of at least `least`. */
export function wholeNumber(least: number): OptionRule {
  return (where, name, value) => {
    checkInteger(where, name, value, least);
  };
}

/** One of the words. */
export function oneOf(words: readonly string[]): OptionRule {
  return (where, name, value) => {
    if (typeof value !== "string" || !words.includes(value)) {
      throw new ArgumentError(
        `${where}: ${name} must be ${words.map((word) => JSON.stringify(word)).join(" or ")}, not ${JSON.stringify(value)}.`,
        { [name]: value },
      );
    }
  };
}

/** Reads two finite numbers. */
export function numberPair(
  where: string,
  name: string,
  value: unknown,
  example: string,
): [number, number] {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new ArgumentError(`${where}: ${name} must be two numbers such as ${example}.`, {
      [name]: value,
    });
  }
  return [finite(where, `${name}[0]`, value[0]), finite(where, `${name}[1]`, value[1])];
}

/** Two decay rates, each from 0 up to but without 1. */
export const decayRates: OptionRule = (where, name, value) => {
  for (const [i, number] of numberPair(where, name, value, "[0.9, 0.999]").entries()) {
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

/** The rules of what optimizers have that follow the gradient of a penalized loss. */
export const penaltyRules: OptionRules<PenaltyOptions> = {
  lr: notNegative,
  weightDecay: notNegative,
  l1: notNegative,
  maximize: flag,
};

/** No penalty, and downhill. */
export const noPenalty: Omit<PenaltyOptions, "lr"> = { weightDecay: 0, l1: 0, maximize: false };
