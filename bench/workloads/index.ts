/**
 * All workloads, in the order of the table. A new one is a file of its own and a name here.
 */
import type { Workload } from "../workload.ts";
import { crossEntropies } from "./cross-entropy.ts";
import { matmuls } from "./matmul.ts";
import { moons } from "./moons.ts";
import { pointwise } from "./pointwise.ts";
import { quickstarts } from "./quickstart.ts";
import { scalarChain } from "./scalar-chain.ts";
import { sums } from "./sums.ts";

export const workloads: readonly Workload[] = [
  ...quickstarts,
  moons,
  scalarChain,
  pointwise,
  ...crossEntropies,
  ...sums,
  ...matmuls,
];
