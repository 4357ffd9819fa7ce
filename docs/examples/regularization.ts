/**
 * L1, L2 and ElasticNet: which weights a penalty leaves.
 *
 * 442 diabetes patients, ten measurements, and thirty columns of noise that have nothing to do with the disease. L2 (ridge)
 * makes all weights smaller, L1 (lasso) makes the useless ones zero, ElasticNet is in between.
 *
 * Each step goes along the gradient of the error and then pulls the weights: L2 multiplies them by 1/(1 + η·λ₂), L1 moves
 * each by η·λ₁ toward 0 and not beyond (proximal gradient descent). A plain gradient of |w| would never reach zero.
 *
 *     node scripts/run.mjs docs/examples/regularization.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import {
  cat,
  Generator,
  mseLoss,
  randn,
  softshrink,
  type Tensor,
  train,
  valueAndGrad,
  zeros,
} from "chainrule";

const float64 = { dtype: "float64" } as const;
const noiseColumns = 30;

export async function main(short = false): Promise<void> {
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/diabetes.csv"));
  const names = table.except("progression");
  const noise = randn([table.length, noiseColumns], { ...float64, generator: new Generator(1) });
  const y = table.tensor("progression", float64);
  const split = train.trainTestSplit([cat([table.tensor(names, float64), noise], 1), y], {
    testSize: 0.5,
    generator: new Generator(2),
  });
  const scaler = new train.StandardScaler().fit(split.train[0]);
  const mean = split.train[1].mean();
  const [x, target] = [scaler.transform(split.train[0]), split.train[1].sub(mean)];
  const test = scaler.transform(split.test[0]);

  /** Weights for a penalty of l1·Σ|w| + ½·l2·Σw² on half of the mean squared error. */
  const fitted = (l1: number, l2: number): Tensor => {
    const rate = 0.15;
    let w = zeros([x.size(1)], float64);
    const error = (weights: Tensor): Tensor => mseLoss(x.matmul(weights), target).div(2);
    for (let step = 0; step < (short ? 300 : 5000); step++) {
      const moved = w.sub(valueAndGrad(error)(w).grad.mul(rate)).div(1 + rate * l2);
      w = l1 === 0 ? moved : softshrink(moved, { lambd: rate * l1 });
    }
    return w;
  };
  const kinds = {
    none: fitted(0, 0),
    "L2 (ridge)": fitted(0, 0.5),
    "L1 (lasso)": fitted(4, 0),
    ElasticNet: fitted(3, 0.15),
  };
  const figures = Object.entries(kinds).map(([name, w]) => {
    const r2 = train.r2(test.matmul(w), split.test[1].sub(mean));
    const isZero = [...w.toTypedArray()].map((value) => value === 0);
    const noiseZero = isZero.slice(names.length).filter(Boolean).length;
    const kept = names.filter((_, i) => !isZero[i]);
    const size = w.norm().item();
    console.log(
      `${name.padEnd(11)} test R² ${r2.toFixed(3)}  ‖w‖ ${size.toFixed(1).padStart(5)}  ${noiseZero} of ${noiseColumns} noise weights are 0  kept: ${kept.join(" ")}`,
    );
    return [name, { r2, noiseZero, size }] as const;
  });
  const of = new Map(figures);
  const [none, ridge, lasso, elastic] = ["none", "L2 (ridge)", "L1 (lasso)", "ElasticNet"].map(
    (name) => of.get(name)!,
  );
  assert.ok(none!.noiseZero === 0 && ridge!.noiseZero === 0, "L2 makes nothing zero");
  assert.ok(lasso!.noiseZero >= 12, "L1 drops noise");
  assert.ok(elastic!.noiseZero > 0 && elastic!.noiseZero <= lasso!.noiseZero);
  assert.ok(ridge!.size < none!.size, "L2 makes weights smaller");
  assert.ok(lasso!.r2 > none!.r2 && elastic!.r2 > none!.r2, "what is left generalises better");
}

if (import.meta.main) await main();
