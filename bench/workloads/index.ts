/**
 * All workloads, in the order of the table. A new one is a file of its own and a name here, or a problem that peers can be
 * compared by.
 */
import type { Workload } from "../workload.ts";
import { crossEntropies } from "./cross-entropy.ts";
import { quickstarts } from "./quickstart.ts";
import { growths, references } from "./reference.ts";
import { sums } from "./sums.ts";

export const workloads: readonly Workload[] = [
  ...quickstarts,
  ...references,
  ...crossEntropies,
  ...sums,
  ...growths,
];
