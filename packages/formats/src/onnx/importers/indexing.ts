/**
 * Nodes that read or write at places given by whole numbers.
 */
import type { ScatterReduction, Tensor } from "@chainrule/core";
import {
  add,
  eq,
  gather,
  index,
  indexPut,
  mul,
  nonzero,
  ShapeError,
  scatter,
  scatterAdd,
  scatterReduce,
  sub,
  tensor,
  transpose,
  unbind,
  unsqueeze,
  where,
} from "@chainrule/core";
import type { NodeReader } from "../node-reader.ts";
import type { Importer } from "./importer.ts";
import { dimOf, given, numberIn, plain } from "./importer.ts";

const importGather: Importer = (node) => {
  node.expectInputs(2, 2);
  node.expectOutputs(1);
  const axis = node.int("axis", 0);
  return (input, places) => {
    const x = given(input);
    const before = new Array<null>(dimOf(axis, x.ndim)).fill(null);
    return index(x, [...before, given(places)]);
  };
};

/** Negative places count from the end. */
function fromFront(places: Tensor, length: number): Tensor {
  return where(places.lt(0), add(places, length), places);
}

const importGatherElements: Importer = (node) => {
  node.expectInputs(2, 2);
  node.expectOutputs(1);
  const axis = node.int("axis", 0);
  return (input, places) => {
    const x = given(input);
    const dim = dimOf(axis, x.ndim);
    return gather(x, dim, fromFront(given(places), x.shape[dim] ?? 1));
  };
};

const reductions: Readonly<Record<string, ScatterReduction>> = {
  mul: "prod",
  max: "amax",
  min: "amin",
};

function readReduction(node: NodeReader): "none" | "add" | "mul" | "max" | "min" {
  return node.word("reduction", "none", ["none", "add", "mul", "max", "min"]);
}

const importScatterElements: Importer = (node) => {
  node.expectInputs(3, 3);
  node.expectOutputs(1);
  const axis = node.int("axis", 0);
  const reduction = readReduction(node);
  return (input, indices, updates) => {
    const x = given(input);
    const dim = dimOf(axis, x.ndim);
    const places = fromFront(given(indices), x.shape[dim] ?? 1);
    if (reduction === "none") return scatter(x, dim, places, given(updates));
    if (reduction === "add") return scatterAdd(x, dim, places, given(updates));
    return scatterReduce(x, dim, places, given(updates), reductions[reduction]!);
  };
};

/** The last dimension holds places in the first dimensions of x, one for each. */
function placesOf(indices: Tensor, x: Tensor): Tensor[] {
  const width = indices.shape.at(-1);
  if (width === undefined || width < 1 || width > x.ndim) {
    throw new ShapeError(
      `GatherND, ScatterND: the indices of shape [${indices.shape.join(", ")}] must end with a dimension of 1 to ${x.ndim}, one for each dimension that they point into.`,
      { indices: indices.shape, x: x.shape },
    );
  }
  return unbind(indices, -1);
}

const importGatherND: Importer = (node) => {
  node.expectInputs(2, 2);
  node.expectOutputs(1);
  if (node.int("batch_dims", 0) !== 0)
    throw node.refuse("has batch_dims, which cannot be computed");
  return (x, indices) => index(given(x), placesOf(given(indices), given(x)));
};

const importScatterND: Importer = (node) => {
  node.expectInputs(3, 3);
  node.expectOutputs(1);
  const reduction = readReduction(node);
  if (reduction !== "none" && reduction !== "add")
    throw node.refuse(`has reduction ${JSON.stringify(reduction)}, which cannot be computed`);
  return (x, indices, updates) =>
    indexPut(given(x), placesOf(given(indices), given(x)), given(updates), {
      accumulate: reduction === "add",
    });
};

/** `values` holds what stands for "no" and for "yes". */
const importOneHot: Importer = (node) => {
  node.expectInputs(3, 3);
  node.expectOutputs(1);
  const axis = node.int("axis", -1);
  return (input, depth, values) => {
    const classes = numberIn(given(depth).reshape([]));
    const places = fromFront(given(input).to("int32"), classes);
    const rank = places.ndim + 1;
    const dim = dimOf(axis, rank);
    const all = tensor(
      Array.from({ length: classes }, (_, i) => i),
      { dtype: "int32" },
    ).reshape(Array.from({ length: rank }, (_, i) => (i === dim ? classes : 1)));
    const [off, on] = unbind(given(values), 0) as [Tensor, Tensor];
    const hit = eq(unsqueeze(places, dim), all).to(off.dtype);
    return add(mul(hit, sub(on, off)), off);
  };
};

export const indexingImporters: Readonly<Record<string, Importer>> = {
  Gather: importGather,
  GatherElements: importGatherElements,
  GatherND: importGatherND,
  NonZero: plain(1, (x) => transpose(nonzero(x!), 0, 1)),
  OneHot: importOneHot,
  ScatterElements: importScatterElements,
  ScatterND: importScatterND,
};
