/** Settings as the part of an address behind "#", so that a state of the playground can be linked to. */
import {
  activations,
  firstSettings,
  type InputName,
  inputs,
  mostLayers,
  mostNeurons,
  optimizers,
  type Settings,
} from "./experiment.ts";
import { problems } from "./problems.ts";

/** The settings as text, `problem=moons&hidden=4,2`: only what is not as at first. */
export function settingsToText(settings: Settings): string {
  const parts = Object.entries(settings)
    .filter(([name, value]) => String(value) !== String(firstSettings[name as keyof Settings]))
    .map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(parts).toString();
}

/** Settings of such text. What is missing, unknown or out of range is as at first. */
export function settingsFromText(text: string): Settings {
  const given = new URLSearchParams(text);
  const oneOf = <Name extends string>(
    name: string,
    known: Readonly<Record<Name, unknown>>,
    first: Name,
  ): Name => {
    const value = given.get(name) ?? "";
    return Object.hasOwn(known, value) ? (value as Name) : first;
  };
  const number = (
    name: "noise" | "rate" | "l1" | "l2" | "seed" | "batchSize",
    least: number,
    most: number,
  ): number => {
    const value = Number(given.get(name) ?? Number.NaN);
    return value >= least && value <= most ? value : firstSettings[name];
  };
  const names = (given.get("inputs") ?? "")
    .split(",")
    .filter((name) => Object.hasOwn(inputs, name));
  const hidden = given.get("hidden");
  const widths = (hidden ?? "")
    .split(",")
    .filter((width) => width !== "")
    .map(Number);
  const fits =
    hidden !== null &&
    widths.length <= mostLayers &&
    widths.every((width) => Number.isInteger(width) && width >= 1 && width <= mostNeurons);
  return {
    problem: oneOf("problem", problems, firstSettings.problem),
    noise: number("noise", 0, 0.2),
    seed: Math.floor(number("seed", 0, 1e6)),
    inputs: names.length > 0 ? ([...new Set(names)] as InputName[]) : firstSettings.inputs,
    hidden: fits ? widths : firstSettings.hidden,
    activation: oneOf("activation", activations, firstSettings.activation),
    optimizer: oneOf("optimizer", optimizers, firstSettings.optimizer),
    rate: number("rate", 1e-5, 10),
    batchSize: Math.floor(number("batchSize", 1, 300)),
    l1: number("l1", 0, 1),
    l2: number("l2", 0, 1),
  };
}
