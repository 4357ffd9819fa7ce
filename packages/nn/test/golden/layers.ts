/**
 * The layers of layers.jsonl.gz, made and called with our classes.
 */
import { grad, type Tensor } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import type { Golden, GoldenLayer, GoldenTensor, LayerCase } from "./values.ts";
import { difference, isGoldenLayer, isGoldenTensor, toTensor } from "./values.ts";

type AnyConstructor = new (...args: readonly unknown[]) => nn.Module;

/** `running_mean` in PyTorch is `runningMean` here. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Arguments that PyTorch takes by position, and we as options: those that follow the sizes. */
const asOptions: Readonly<
  Record<string, { readonly after: number; readonly names: readonly string[] }>
> = {
  PReLU: { after: 0, names: ["numParameters"] },
  TransformerEncoderLayer: { after: 2, names: ["dimFeedforward"] },
  TransformerDecoderLayer: { after: 2, names: ["dimFeedforward"] },
};

/** Makes a layer, in float64 if it has numbers of its own. */
function make({ layer, args, kwargs }: GoldenLayer, hasState = true): nn.Module {
  const create: unknown = Reflect.get(nn, layer);
  if (typeof create !== "function") throw new Error(`there is no layer ${layer}`);
  const values = args.map(argument);
  const { after, names } = asOptions[layer] ?? { after: values.length, names: [] };
  // A stack has the type of the layer that it is made of.
  const isTyped = hasState && !args.some(isGoldenLayer);
  const options: Record<string, unknown> = isTyped ? { dtype: "float64" } : {};
  for (const [i, value] of values.slice(after).entries()) options[names[i]!] = value;
  for (const [name, value] of Object.entries(kwargs)) options[camelCase(name)] = argument(value);
  const given = values.slice(0, after);
  if (Object.keys(options).length > 0) given.push(options);
  return new (create as AnyConstructor)(...given);
}

function argument(value: Golden): unknown {
  if (isGoldenLayer(value)) return make(value);
  if (isGoldenTensor(value)) return toTensor(value);
  return Array.isArray(value) ? value.map(argument) : value;
}

/** A nested array as one list. */
function flat<T>(value: unknown): T[] {
  return Array.isArray(value) ? value.flatMap((part) => flat<T>(part)) : [value as T];
}

function wrapped(module: nn.Module, wraps: NonNullable<LayerCase["wrap"]>): nn.Module {
  for (const { name, kwargs } of wraps) {
    const { name: target = "weight", ...rest } = kwargs;
    const options = Object.fromEntries(
      Object.entries(rest).map(([key, value]) => [camelCase(key), value]),
    );
    const parameter = camelCase(String(target));
    if (name === "weight_norm") nn.weightNorm(module, parameter, options);
    else nn.spectralNorm(module, parameter, options);
  }
  return module;
}

/** Everything that is wrong with a case; empty if nothing is. */
export function problemsOf(one: LayerCase): string[] {
  const module = wrapped(make(one, Object.keys(one.state_dict).length > 0), one.wrap ?? []);
  const state = Object.entries(one.state_dict).map(([name, golden]) => [name, toTensor(golden)]);
  module.loadStateDict(Object.fromEntries(state));
  module.train(one.mode === "train");
  const inputs = one.inputs.map(argument);
  const leaves = flat<Tensor | null>(inputs);
  const wanted = flat<GoldenTensor | null>(one.input_grads);
  for (const [i, leaf] of leaves.entries())
    if ((wanted[i] ?? null) !== null) leaf!.requiresGrad = true;
  const options = Object.fromEntries(
    Object.entries(one.forward_kwargs).map(([name, value]) => [camelCase(name), argument(value)]),
  );
  const call = Object.keys(options).length === 0 ? inputs : [...inputs, options];
  const outputs = flat<Tensor | null>(module.forward(...(call as never[])));

  const problems: string[] = [];
  const names = Object.keys(module.stateDict({ names: "snake_case" }))
    .sort()
    .join();
  if (names !== Object.keys(one.state_dict).sort().join()) problems.push(`a state of ${names}`);
  const compare = (what: string, found: Tensor | null, golden: GoldenTensor | null): void => {
    if (found === null && golden === null) return;
    const problem = golden === null ? "there should be none" : difference(found, golden);
    if (problem !== null) problems.push(`${what}: ${problem}`);
  };
  const goldens = flat<GoldenTensor | null>(one.outputs);
  if (outputs.length !== goldens.length) problems.push(`${outputs.length} for ${goldens.length}`);
  for (const [i, golden] of goldens.entries()) compare(`output ${i}`, outputs[i] ?? null, golden);

  const cotangents = flat<GoldenTensor | null>(one.cotangents).map((x) => x && toTensor(x));
  const reached = outputs.flatMap((y, i) => (y?.requiresGrad && cotangents[i] ? [i] : []));
  const parameters = module.namedParameters();
  const inputLeaves = leaves.filter((x): x is Tensor => x?.requiresGrad ?? false);
  if (reached.length > 0) {
    const found = grad(
      reached.map((i) => outputs[i]!),
      [...inputLeaves, ...parameters.map(([, parameter]) => parameter)],
      { gradOutputs: reached.map((i) => cotangents[i]!), allowUnused: true },
    );
    const inputGolden = wanted.filter((golden) => golden !== null);
    for (const [i, golden] of inputGolden.entries()) compare(`input ${i}`, found[i]!, golden);
    for (const [i, [name]] of parameters.entries()) {
      const golden = Object.entries(one.param_grads).find(([key]) => camelCase(key) === name);
      compare(name, found[inputLeaves.length + i]!, golden?.[1] ?? null);
    }
  }
  const buffers = new Map(module.namedBuffers());
  for (const [name, golden] of Object.entries(one.buffers_after)) {
    compare(name, buffers.get(camelCase(name)) ?? null, golden);
  }
  return problems;
}
