/**
 * Generative adversarial networks: a forger and a detective, on a ring in the plane and on handwritten digits.
 *
 * The generator makes samples of noise; the discriminator is shown true and made ones and says which is which. Each learns
 * from the other's success. What the discriminator learned of a made sample is a gradient on the sample, and the generator
 * follows it backward through its own weights. (Goodfellow et al., NeurIPS 2014.)
 *
 *     node scripts/run.mjs docs/examples/gan.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import {
  binaryCrossEntropyWithLogits,
  cat,
  Generator,
  manualSeed,
  nn,
  noGrad,
  onesLike,
  optim,
  rand,
  randn,
  stack,
  type Tensor,
  tensor,
  train,
  zerosLike,
} from "chainrule";

const outputs = join(import.meta.dirname, "out");

interface Pair {
  readonly generator: nn.Sequential;
  readonly discriminator: nn.Sequential;
  readonly noise: number;
}

/** Lets both learn from each other; `real` gives a batch of true samples. */
function play(
  { generator, discriminator, noise }: Pair,
  steps: number,
  lr: number,
  real: () => Tensor,
): void {
  // Momentum would run after what the other one did a while ago: β₁ = 0.5.
  const options = { lr, betas: [0.5, 0.999] as const };
  const forger = new optim.Adam(generator.parameters(), options);
  const detective = new optim.Adam(discriminator.parameters(), options);
  for (let step = 1; step <= steps; step++) {
    const truth = real();
    const made = generator.forward(randn([truth.size(0), noise]));

    // The detective: true samples are 1, made ones 0. The forger is to learn nothing of this: detach. True ones count as
    // 0.9 only, so that the detective never becomes so sure that no gradient is left.
    detective.zeroGrad();
    const [onTrue, onMade] = [discriminator.forward(truth), discriminator.forward(made.detach())];
    const detected = binaryCrossEntropyWithLogits(onTrue, onesLike(onTrue).mul(0.9)).add(
      binaryCrossEntropyWithLogits(onMade, zerosLike(onMade)),
    );
    detected.backward();
    detective.step();

    // The forger: its samples are to be taken for true ones.
    forger.zeroGrad();
    const judged = discriminator.forward(made);
    const deceived = binaryCrossEntropyWithLogits(judged, onesLike(judged));
    deceived.backward();
    forger.step();
    if (step % Math.ceil(steps / 5) === 0) {
      console.log(
        `  step ${step}: detective's loss ${detected.item().toFixed(3)}, forger's ${deceived.item().toFixed(3)}`,
      );
    }
  }
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  console.log("a ring of radius 1");
  const points = (count: number): Tensor => {
    const angle = rand([count]).mul(2 * Math.PI);
    const radius = randn([count]).mul(0.05).add(1);
    return stack([angle.cos().mul(radius), angle.sin().mul(radius)], 1);
  };
  const ring: Pair = {
    noise: 4,
    generator: new nn.Sequential(
      new nn.Linear(4, 32),
      new nn.ReLU(),
      new nn.Linear(32, 32),
      new nn.ReLU(),
      new nn.Linear(32, 2),
    ),
    discriminator: new nn.Sequential(
      new nn.Linear(2, 32),
      new nn.LeakyReLU({ negativeSlope: 0.2 }),
      new nn.Linear(32, 32),
      new nn.LeakyReLU({ negativeSlope: 0.2 }),
      new nn.Linear(32, 1),
    ),
  };
  play(ring, short ? 300 : 4000, short ? 0.004 : 0.001, () => points(128));
  const made = noGrad(() => ring.generator.forward(randn([400, 4])));
  const radius = made.square().sum(1).sqrt();
  const [mean, spread] = [radius.mean().item(), radius.std().item()];
  const quarters = new Set([
    ...made
      .ge(0)
      .to("int32")
      .matmul(tensor([[1], [2]]).to("int32"))
      .toTypedArray(),
  ]);
  const picture = train.plotEmbedding(
    cat([points(400), made]),
    cat([zerosLike(radius), onesLike(radius)]),
    { classes: ["true", "made"], square: true, title: "a ring, and its forgery" },
  );
  console.log(
    `${picture}\nradius ${mean.toFixed(3)} ± ${spread.toFixed(3)}, ${quarters.size} of 4 quarters\n`,
  );

  console.log("handwritten digits");
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/digits.csv"));
  const images = table.tensor(table.except("digit")).div(8).sub(1);
  const draw = new Generator(1);
  const digits: Pair = {
    noise: 16,
    generator: new nn.Sequential(
      new nn.Linear(16, 96),
      new nn.BatchNorm1d(96),
      new nn.ReLU(),
      new nn.Linear(96, 96),
      new nn.BatchNorm1d(96),
      new nn.ReLU(),
      new nn.Linear(96, 64),
      new nn.Tanh(),
    ),
    discriminator: new nn.Sequential(
      new nn.Linear(64, 96),
      new nn.LeakyReLU({ negativeSlope: 0.2 }),
      new nn.Dropout({ p: 0.3 }),
      new nn.Linear(96, 48),
      new nn.LeakyReLU({ negativeSlope: 0.2 }),
      new nn.Dropout({ p: 0.3 }),
      new nn.Linear(48, 1),
    ),
  };
  const batch = (): Tensor => {
    const rows = Array.from({ length: 64 }, () => draw.integer(images.size(0)));
    return images.indexSelect(0, tensor(rows, { dtype: "int32" }));
  };
  play(digits, short ? 60 : 6000, short ? 0.002 : 0.0005, batch);
  digits.generator.eval();
  const forged = noGrad(() => digits.generator.forward(randn([40, 16])));
  const sheet = train.plotImages(forged, {
    columns: 10,
    palette: "shades",
    range: [-1, 1],
    title: "forged digits",
  });
  console.log(
    train.plotImages(forged.at(":10"), { columns: 5, palette: "shades", range: [-1, 1] }),
  );
  // The mean image of made digits is near that of true ones, pixel by pixel.
  const off = forged.mean(0).sub(images.mean(0)).abs().mean().item();
  console.log(
    `the mean forged image is off by ${off.toFixed(3)} a pixel (grey would be ${images.mean(0).abs().mean().item().toFixed(3)})`,
  );
  if (!short) {
    await picture.save(join(outputs, "gan-ring.svg"));
    await sheet.save(join(outputs, "gan-digits.svg"));
  }
  assert.ok(Math.abs(mean - 1) < (short ? 0.6 : 0.1), `radius ${mean}`);
  if (short) return;
  assert.ok(spread < 0.3 && quarters.size === 4, "all around the ring");
  assert.ok(off < 0.2, `off by ${off}`);
}

if (import.meta.main) await main();
