/**
 * A variational autoencoder on handwritten digits: it reads digits into a plane, and writes new ones from it.
 *
 * The encoder gives not a point but a cloud, N(μ, σ²), and the decoder is shown one point of it. The loss is what it costs to
 * describe the image so: the pixels (cross-entropy) plus the distance of the cloud from N(0, 1). A sample is
 * μ + σ·ε with ε from N(0, 1), so that gradients flow through μ and σ. (Kingma & Welling, ICLR 2014.)
 *
 *     node scripts/run.mjs docs/examples/vae.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import {
  binaryCrossEntropyWithLogits,
  manualSeed,
  nn,
  noGrad,
  optim,
  randnLike,
  type Tensor,
  tensor,
  train,
} from "chainrule";

class VariationalAutoencoder extends nn.Module {
  readonly encoder = new nn.Sequential(new nn.Linear(64, 64), new nn.Tanh(), new nn.Linear(64, 4));
  readonly decoder = new nn.Sequential(new nn.Linear(2, 64), new nn.Tanh(), new nn.Linear(64, 64));

  /** Mean and logarithm of the variance of each image's cloud in the plane. */
  encode(images: Tensor): readonly [mean: Tensor, logVariance: Tensor] {
    const [mean, logVariance] = this.encoder.forward(images).chunk(2, -1);
    return [mean!, logVariance!];
  }

  forward(images: Tensor): { logits: Tensor; mean: Tensor; logVariance: Tensor } {
    const [mean, logVariance] = this.encode(images);
    const point = mean.add(logVariance.div(2).exp().mul(randnLike(mean)));
    return { logits: this.decoder.forward(point), mean, logVariance };
  }
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/digits.csv"));
  const { values: digit } = table.labels("digit");
  const images = table.tensor(table.except("digit")).div(16);

  const model = new VariationalAutoencoder();
  const cost = (batch: Tensor): { pixels: Tensor; distance: Tensor } => {
    const { logits, mean, logVariance } = model.forward(batch);
    const count = batch.size(0);
    const pixels = binaryCrossEntropyWithLogits(logits, batch, { reduction: "sum" }).div(count);
    // KL(N(μ, σ²) ‖ N(0, 1)) = ½·Σ(μ² + σ² − 1 − ln σ²)
    const distance = mean
      .square()
      .add(logVariance.exp())
      .sub(1)
      .sub(logVariance)
      .sum()
      .div(2 * count);
    return { pixels, distance };
  };
  const { history } = await train.fit(model, [images], {
    step: ([batch]) => {
      const { pixels, distance } = cost(batch!);
      return pixels.add(distance);
    },
    optimizer: new optim.Adam(model.parameters(), { lr: 0.003 }),
    epochs: short ? 6 : 150,
    progress: short ? "off" : "auto",
  });
  model.eval();
  const { pixels, distance } = noGrad(() => cost(images));
  console.log(
    `cost of an image: ${history.loss[0]!.toFixed(2)} at first, ${history.loss.at(-1)!.toFixed(2)} at last (pixels ${pixels.item().toFixed(2)}, distance ${distance.item().toFixed(2)} nats)`,
  );

  // A walk over the plane, in steps that are equally likely under N(0, 1): each point is a digit that nobody wrote.
  const steps = [-1.6, -0.97, -0.57, -0.25, 0.25, 0.57, 0.97, 1.6];
  const grid = tensor(steps.flatMap((y) => steps.map((x) => [x, y])));
  const written = noGrad(() => model.decoder.forward(grid).sigmoid());
  const walk = train.plotImages(written, {
    columns: 8,
    range: [0, 1],
    title: "digits of the plane",
  });
  const few = written.reshape([8, 8, 64]).at("::2", "::2").reshape([16, 64]);
  console.log(`${train.plotImages(few, { columns: 4, range: [0, 1] })}\n`);
  const [means] = noGrad(() => model.encode(images));
  const map = train.plotEmbedding(means!, digit, { title: "where digits lie in the plane" });
  if (!short) {
    await walk.save(join(import.meta.dirname, "out/vae-plane.svg"));
    await map.save(join(import.meta.dirname, "out/vae-map.svg"));
  }

  // The plane has never seen a label, and yet neighbours in it show the same digit.
  const distances = means!.unsqueeze(1).sub(means!.at(":300").unsqueeze(0)).square().sum(-1);
  const nearest = distances.topk(2, 0, { largest: false }).indices.at(1);
  const same = digit.indexSelect(0, nearest).eq(digit.at(":300")).sum().item() / 300;
  console.log(
    `the nearest neighbour in the plane shows the same digit: ${(100 * same).toFixed(0)} %`,
  );
  assert.ok(history.loss.at(-1)! < history.loss[0]! - (short ? 2 : 7), "the cost falls");
  assert.ok(same > (short ? 0.2 : 0.55), `neighbours ${same}`);
  assert.ok(distance.item() > 1, "the plane is used");
}

if (import.meta.main) await main();
