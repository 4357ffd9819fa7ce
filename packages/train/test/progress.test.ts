/**
 * What people see while a model is trained.
 */
import { mseLoss, tensor } from "@chainrule/core";
import { Linear } from "@chainrule/nn";
import { SGD } from "@chainrule/optim";
import { afterEach, expect, test, vi } from "vitest";
import { fit, ProgressBar, ProgressLines } from "../src/index.ts";

const x = tensor([[1], [2], [3], [4]]);

async function train(options: object): Promise<void> {
  const model = new Linear(1, 1);
  const optimizer = new SGD(model.parameters(), { lr: 0.01 });
  await fit(model, [x, x], { loss: mseLoss, optimizer, epochs: 3, batchSize: 2, ...options });
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("a bar fills up in one line", async () => {
  const written: string[] = [];
  const sink = { isTTY: true, columns: 90, write: (text: string) => written.push(text) };
  await train({ progress: "off", callbacks: [new ProgressBar(sink)] });
  expect(written[0]).toMatch(/█+░+ {2}epoch 1\/3 {2}batch 1\/2 {2}\d:\d\d left {2}loss [\d.e+-]+$/);
  expect(written.at(-2)).toMatch(/█{20} {2}epoch 3\/3 {2}0:00 {2}loss [\d.e+-]+$/);
  expect(written.at(-1)).toBe("\n");
  expect(written.every((text) => text.length < 90 + 8)).toBe(true);
  const narrow: string[] = [];
  await train({
    progress: "off",
    callbacks: [new ProgressBar({ columns: 20, write: (text: string) => narrow.push(text) })],
  });
  expect(narrow[0]!.replace("\r\u001B[2K", "").length).toBe(19);
});

test("lines, one for each epoch", async () => {
  const written: string[] = [];
  const lines = new ProgressLines({ write: (text: string) => written.push(text) });
  await train({ progress: "off", callbacks: [lines] });
  expect(written.length).toBe(3);
  expect(written[2]).toMatch(/^epoch 3\/3 {2}loss [\d.e+-]+ {2}0:00\n$/);
});

test("nothing is shown where output is piped or in continuous integration", async () => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const isTerminal = (value: boolean): void => {
    Object.defineProperty(process.stdout, "isTTY", { value, configurable: true });
  };
  try {
    vi.stubEnv("CI", "");
    isTerminal(false);
    await train({});
    expect(write).not.toHaveBeenCalled();
    isTerminal(true);
    vi.stubEnv("CI", "true");
    await train({});
    expect(write).not.toHaveBeenCalled();
    vi.stubEnv("CI", "");
    await train({});
    expect(write).toHaveBeenCalled();
  } finally {
    Reflect.deleteProperty(process.stdout, "isTTY");
  }
});
