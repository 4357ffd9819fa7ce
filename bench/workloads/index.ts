/**
 * All workloads, in the order of the table. A new one is a file of its own and a name here.
 */
import type { Workload } from "../workload.ts";
import { matmuls } from "./matmul.ts";
import { moons } from "./moons.ts";
import { pointwise } from "./pointwise.ts";
import { quickstart } from "./quickstart.ts";
import { scalarChain } from "./scalar-chain.ts";

export const workloads: readonly Workload[] = [
  quickstart,
  moons,
  scalarChain,
  pointwise,
  ...matmuls,
];
