/** The playground without its page: problems, settings, and networks that learn them. */
import { describe, expect, test } from "vitest";
import { Experiment, firstSettings, inputs, type Settings } from "./experiment.ts";
import { drawSample, type ProblemName, problems } from "./problems.ts";
import { settingsFromText, settingsToText } from "./settings.ts";

describe("problems", () => {
  test.each(Object.keys(problems) as ProblemName[])(
    "%s: half of the points in each class, within the plane",
    (name) => {
      const { points, classes } = drawSample(name, 300, 0, 3);
      expect(points.shape).toEqual([300, 2]);
      expect(classes.mean().item()).toBe(0.5);
      expect(points.abs().max().item()).toBeLessThan(1.1);
      expect(drawSample(name, 300, 0, 3).points.equal(points)).toBe(true);
      if (name !== "moons" && name !== "spiral")
        expect(drawSample(name, 300, 0, 4).points.equal(points)).toBe(false);
    },
  );
});

function trained(changes: Partial<Settings>, epochs: number): Experiment {
  const experiment = new Experiment({ ...firstSettings, ...changes });
  for (let i = 0; i < epochs; i++) experiment.runEpoch();
  return experiment;
}

const accuracy = ({ history }: Experiment): number => history.test.at(-1)!.accuracy;

test("networks learn what they can, and no more", () => {
  expect(accuracy(trained({ problem: "clouds", hidden: [] }, 5))).toBeGreaterThan(0.98);
  // No line parts the corners; four neurons do, or one more input.
  expect(accuracy(trained({ problem: "corners", hidden: [] }, 20))).toBeLessThan(0.75);
  expect(
    accuracy(trained({ problem: "corners", hidden: [], inputs: ["x₁x₂"], rate: 1 }, 20)),
  ).toBeGreaterThan(0.95);
  expect(
    accuracy(trained({ problem: "corners", hidden: [4], optimizer: "adam" }, 40)),
  ).toBeGreaterThan(0.95);
  // Layers without activation are one layer.
  expect(
    accuracy(trained({ problem: "circle", hidden: [4, 4], activation: "identity" }, 20)),
  ).toBeLessThan(0.75);
});

test("an epoch is the same for the same settings", () => {
  const [a, b] = [trained({ problem: "moons" }, 3), trained({ problem: "moons" }, 3)];
  expect(a.history).toEqual(b.history);
  expect(a.layerViews()).toEqual(b.layerViews());
  expect(a.epoch).toBe(3);
});

test("maps: the inputs, each neuron, and an answer between −1 and 1, from the top left on", () => {
  const names = Object.keys(inputs) as (keyof typeof inputs)[];
  const maps = new Experiment({ ...firstSettings, inputs: names, hidden: [3, 2] }).maps(4);
  expect(maps.map((neurons) => neurons.length)).toEqual([7, 3, 2, 1]);
  const [x1, x2, square] = maps[0]!;
  expect([...x1!.slice(0, 4)]).toEqual([-0.75, -0.25, 0.25, 0.75]);
  expect([x2![0], x2![15]]).toEqual([0.75, -0.75]);
  expect(square![0]).toBeCloseTo(0.5625, 6);
  for (const value of maps[3]![0]!) expect(Math.abs(value)).toBeLessThanOrEqual(1);
});

test("a penalty of magnitudes drives weights to 0", () => {
  const sizes = (l1: number): number =>
    trained({ problem: "clouds", l1 }, 15)
      .layerViews()
      .flatMap(({ weights }) => weights.flat())
      .filter((weight) => Math.abs(weight) < 0.01).length;
  expect(sizes(0.03)).toBeGreaterThan(sizes(0) + 5);
});

test("a learning rate that is too high is seen", () => {
  const experiment = trained({ activation: "relu", rate: 10, noise: 0.2 }, 1);
  expect(experiment.diverged || experiment.history.training.at(-1)!.loss > 0.6).toBe(true);
});

describe("settings in the address", () => {
  test("come back, and are short", () => {
    expect(settingsToText(firstSettings)).toBe("");
    const other: Settings = {
      problem: "spiral",
      noise: 0.1,
      seed: 7,
      inputs: ["x₂", "sin πx₁"],
      hidden: [],
      activation: "relu",
      optimizer: "adam",
      rate: 0.003,
      batchSize: 32,
      l1: 0.001,
      l2: 0.01,
    };
    expect(settingsFromText(settingsToText(other))).toEqual(other);
    expect(settingsToText({ ...firstSettings, hidden: [8, 8] })).toBe("hidden=8%2C8");
  });

  test.each([
    "problem=__proto__&activation=constructor&optimizer=toString",
    "hidden=9&noise=2&seed=-1&rate=0&batchSize=0&l1=-1&l2=x",
    "hidden=1,2,3,4,5,6&inputs=__proto__,y",
    "hidden=1.5&rate=&noise=Infinity&seed=1e9",
    "%%%=&&&",
  ])("are as at first where %s makes no sense", (text) => {
    expect(settingsFromText(text)).toEqual(firstSettings);
  });
});
