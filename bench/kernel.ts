/**
 * Large matrix products against the kernel that they are made of: how much packing, dispatch and memory cost, and what a
 * second thread brings.
 */
import { acceleratorFor } from "../packages/core/src/accelerated/backend.ts";
import { ours } from "./engine.ts";
import { spreadOf } from "./measure.ts";

/** What was measured of products of n × n matrices; rates in GFLOP/s, medians. */
export interface KernelFigures {
  readonly n: number;
  /** The kernel alone, on panels that stay in the cache. */
  readonly bare: number;
  readonly oneThread: number;
  readonly twoThreads: number;
  /** One thread ÷ the kernel runs just before and after; the median of such ratios. */
  readonly share: number;
  /** Two threads ÷ one, in blocks of time that follow each other; the median of such ratios. */
  readonly speedUp: number;
}

/** How long to measure: rounds, and milliseconds on one and on two threads in each. */
export interface KernelEffort {
  readonly rounds: number;
  readonly milliseconds: number;
}

/** A block as products have them: A in the second cache, a panel of B in the first. */
const block = { m: 96, n: 64, k: 384 };

/** Measures products of n × n matrices as training makes them: recorded, in a scope. `null` where no kernels run. */
export function compareWithKernel(n: number, effort: KernelEffort): KernelFigures | null {
  const accelerator = acceleratorFor(n ** 3, 1);
  if (accelerator === null) return null;
  const { core } = ours;
  const { kernels, scratch } = accelerator;
  const { m, n: columns, k } = block;
  scratch.begin(m * k + k * columns + m * columns + 64, 4);
  const [a, b, c] = [scratch.take(m * k), scratch.take(k * columns), scratch.take(m * columns)];
  const spare = scratch.take(64);
  const left = core.randn([n, n], { requiresGrad: true });
  const right = core.randn([n, n]);
  const kernel = (): void => {
    kernels.multiply(c, 4 * columns, a, b, m, columns, k, 1, spare);
  };
  const product = (): void => {
    core.scope(() => {
      left.matmul(right);
    });
  };
  const timed = (step: () => void, products: number): number => {
    const repeats = Math.ceil(1e8 / products);
    const since = performance.now();
    for (let i = 0; i < repeats; i++) step();
    return (2e-6 * repeats * products) / (performance.now() - since);
  };
  const bare: number[] = [];
  const ones: number[] = [];
  const twos: number[] = [];
  const shares: number[] = [];
  const speedUps: number[] = [];
  const runFor = (milliseconds: number, body: () => void): void => {
    const end = performance.now() + milliseconds;
    do body();
    while (performance.now() < end);
  };
  const before = core.setThreads(1);
  for (let round = 0; round < effort.rounds; round++) {
    core.setThreads(1);
    timed(product, n ** 3);
    const [ofOne, ofTwo]: [number[], number[]] = [[], []];
    let last = timed(kernel, m * columns * k);
    runFor(effort.milliseconds, () => {
      const rate = timed(product, n ** 3);
      const next = timed(kernel, m * columns * k);
      shares.push((2 * rate) / (last + next));
      ofOne.push(rate);
      bare.push(next);
      last = next;
    });
    core.setThreads(2);
    timed(product, n ** 3);
    runFor(effort.milliseconds, () => ofTwo.push(timed(product, n ** 3)));
    speedUps.push(spreadOf(ofTwo).median / spreadOf(ofOne).median);
    ones.push(...ofOne);
    twos.push(...ofTwo);
  }
  core.setThreads(before);
  const [bareRate, oneThread, twoThreads, share, speedUp] = [
    bare,
    ones,
    twos,
    shares,
    speedUps,
  ].map((values) => spreadOf(values).median) as [number, number, number, number, number];
  return { n, bare: bareRate, oneThread, twoThreads, share, speedUp };
}

export function kernelHeading(): string {
  return "matmul   bare kernel   one thread   of the kernel   two threads   times one";
}

export function kernelLine(figures: KernelFigures): string {
  const rate = (value: number): string => `${value.toFixed(1)} GFLOP/s`;
  return [
    String(figures.n).padEnd(6),
    rate(figures.bare),
    rate(figures.oneThread),
    `${(100 * figures.share).toFixed(0)} %`.padStart(12),
    rate(figures.twoThreads).padStart(15),
    figures.speedUp.toFixed(2).padStart(9),
  ].join("   ");
}
