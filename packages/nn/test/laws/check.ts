/**
 * What every layer and every loss must do, whatever its options.
 */
import type { Draw, DType } from "@chainrule/core";
import { isFloating, manualSeed, noGrad, randn, scope, Tensor } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { assertGradcheck } from "@chainrule/testing";
import { expect } from "vitest";
import { setRecycling } from "../../../core/src/recycling.ts";
import type { Drawn } from "./drawn.ts";

/** The tensors in a result, in order. */
function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return Array.isArray(value) ? value.flatMap(tensorsIn) : [];
}

function call(module: nn.Module, inputs: readonly unknown[]): Tensor[] {
  return tensorsIn(module.forward(...(inputs as never[])));
}

/** The inputs with each tensor replaced. */
function mapped(value: unknown, f: (x: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return f(value);
  if (Array.isArray(value)) return value.map((part) => mapped(part, f));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapped(part, f)]));
}

/** A module whose parameters are all drawn at random, those of norms as well. */
function withRandomParameters({ make }: Drawn): nn.Module {
  const module = make();
  noGrad(() => {
    for (const parameter of module.parameters()) {
      parameter.copy_(randn(parameter.shape, { dtype: parameter.dtype }).mul(0.5));
    }
  });
  return module;
}

/** The numbers of results, the same random ones for each call. */
function results(module: nn.Module, inputs: readonly unknown[]): number[][] {
  manualSeed(7);
  return noGrad(() => call(module, inputs)).map((x) => Array.from(x.toTypedArray()));
}

/** Gradients of inputs and parameters against differences, in one mode. */
export function checkGradients(drawn: Drawn, training: boolean, order: 1 | 2): void {
  const module = withRandomParameters(drawn).train(training);
  const parameters = Object.fromEntries(
    module.namedParameters().map(([path, parameter]) => [path, parameter.detach().clone()]),
  );
  const inputs = [...drawn.inputs];
  const isWanted = (x: Tensor): boolean => isFloating(x.dtype);
  if (![...Object.values(parameters), ...tensorsIn(inputs)].some(isWanted)) return;
  const f = (weights: Record<string, Tensor>, given: unknown[]): Tensor[] =>
    tensorsIn(nn.functionalCall(module, weights, ...(given as never[]))).filter(isWanted);
  assertGradcheck(f, [parameters, inputs], { order });
}

/** A view as input gives what its copy gives, a clone and a loaded state what the original gives. */
export function checkCopies(drawn: Drawn, training: boolean): void {
  const module = withRandomParameters(drawn).train(training);
  const clone = module.clone();
  const loaded = drawn.make().train(training);
  loaded.loadStateDict(module.stateDict());
  const expected = results(module, drawn.inputs);
  const copied = mapped([...drawn.inputs], (x) => x.clone().contiguous()) as unknown[];
  expect(results(clone, copied)).toEqual(expected);
  expect(results(loaded, drawn.inputs)).toEqual(expected);
}

/** float32 in, float32 out, and nearly the same numbers. */
export function checkSinglePrecision(drawn: Drawn): void {
  const module = withRandomParameters(drawn).eval();
  const expected = results(module, drawn.inputs);
  const single: DType = "float32";
  const inputs = mapped([...drawn.inputs], (x) => (isFloating(x.dtype) ? x.to(single) : x));
  const found = noGrad(() => call(module.to(single), inputs as unknown[]));
  for (const [i, x] of found.entries()) {
    if (isFloating(x.dtype)) expect(x.dtype).toBe(single);
    for (const [k, value] of x.toTypedArray().entries()) {
      const wanted = expected[i]![k]!;
      expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-3 * Math.max(1, Math.abs(wanted)));
    }
  }
}

/** Overwrites what was given back. */
function churn(x: Tensor): void {
  const y = x.detach();
  if (!isFloating(y.dtype)) return;
  y.requiresGrad = true;
  scope(() => y.mul(3).tanh().exp().sum().backward());
}

/** Everything that calls in a row show, read when the memory of what they computed on the way has been used again. */
function shown({ inputs }: Drawn, module: nn.Module): number[][] {
  const seen: Tensor[] = [];
  manualSeed(7);
  for (const round of [0, 1, 2, 3]) {
    const outputs = round % 2 === 0 ? noGrad(() => call(module, inputs)) : call(module, inputs);
    seen.push(...outputs);
    const losses = outputs.filter((x) => x.requiresGrad).map((x) => x.square().sum());
    if (losses.length > 0) losses.reduce((a, b) => a.add(b)).backward();
    for (const x of [...outputs, ...tensorsIn(inputs), ...module.parameters()]) churn(x);
  }
  seen.push(...module.parameters().flatMap(({ grad }) => (grad === null ? [] : [grad])));
  seen.push(...Object.values(module.stateDict()));
  return seen.map((x) => Array.from(x.contiguous().toTypedArray()));
}

/** A module keeps nothing of what it computes on its way: memory that is used again shows nobody's numbers. */
export function checkKeepsNothing(drawn: Drawn, training: boolean): void {
  const module = withRandomParameters(drawn).train(training);
  const clone = module.clone();
  setRecycling(false);
  try {
    const expected = shown(drawn, clone);
    setRecycling(true);
    expect(shown(drawn, module)).toEqual(expected);
  } finally {
    setRecycling(true);
  }
}

/** Draws a call, the default generator seeded by the number of the case. */
export function drawnCall(recipe: (draw: Draw) => Drawn, draw: Draw, seed: number): Drawn {
  manualSeed(seed);
  return recipe(draw);
}
