/**
 * Trains for a long time and watches memory and speed: in one synchronous loop, with `await` in the loop, and after steps
 * that have failed.
 *
 *     npm run soak [-- --steps 1000000] [--only synchronous] [--large]
 *
 * Prints a line for each tenth. Fails when the last tenth needs more memory than the fifth, beyond what the collector leaves lying
 * about. The speed is only reported.
 *
 * - `--steps n`: how many steps each loop takes, 10⁶ unless said otherwise.
 * - `--only name`: one of the loops: synchronous, awaiting, failing.
 * - `--large`: a network whose tensors lie in shared memory; a thousandth of the steps.
 */
import { parseArgs } from "node:util";
import { backendInfo, manualSeed, nn, optim, randint, randn, type Tensor } from "chainrule";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "1000000" },
    only: { type: "string" },
    large: { type: "boolean", default: false },
  },
});
const steps = Math.max(100, Number(values.steps) / (values.large ? 1000 : 1));
const failures = Math.min(10_000, steps / 10);

/** A step of training, and one that fails on its way. */
function problem(): { step: () => number; fail: (i: number) => void } {
  manualSeed(1);
  const [batch, inputs, hidden] = values.large ? [256, 256, 256] : [16, 4, 8];
  const x = randn([batch, inputs]);
  const y = randint(0, 3, [batch]);
  const model = new nn.Sequential(
    new nn.Linear(inputs, hidden),
    new nn.Tanh(),
    new nn.Linear(hidden, 3),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-4 });
  const criterion = new nn.CrossEntropyLoss();
  const loss = (): Tensor => criterion.forward(model.forward(x), y);
  return {
    step: () => {
      optimizer.zeroGrad();
      const error = loss();
      error.backward();
      optimizer.step();
      return error.item();
    },
    fail: (i) => {
      try {
        if (i % 2 === 0) model.forward(x).matmul(x);
        else {
          const error = loss();
          error.registerHook(() => {
            throw new RangeError("a hook fails");
          });
          error.backward();
        }
      } catch {
        return;
      }
      throw new Error("The step should have failed.");
    },
  };
}

/** Memory of the process and what of the heap is in use, in MB. Typed arrays lie outside of the heap. */
function memory(): { resident: number; used: number } {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { resident: rss / 1e6, used: heapUsed / 1e6 };
}

/** Seconds that processors have worked for this process: other programs have little influence on it. */
function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const loops: Readonly<Record<string, () => Promise<boolean>>> = {
  synchronous: () => watch("synchronous", problem().step, false),
  awaiting: () => watch("awaiting", problem().step, true),
  failing: () => {
    const { step, fail } = problem();
    for (let i = 0; i < failures; i++) fail(i);
    return watch(`after ${failures} failures`, step, false);
  },
};

/** Whether memory stayed what it was. */
async function watch(name: string, step: () => number, waits: boolean): Promise<boolean> {
  const tenth = Math.floor(steps / 10);
  const seen: { resident: number; used: number; rate: number }[] = [];
  for (let part = 0; part < 10; part++) {
    const start = processor();
    for (let i = 0; i < tenth; i++) {
      step();
      if (waits) await undefined;
    }
    const rate = tenth / (processor() - start);
    seen.push({ ...memory(), rate });
    const { resident, used } = seen[part]!;
    console.log(
      `${name} ${(part + 1) * tenth}: ${rate.toFixed(0)} steps a second of the processor, ${resident.toFixed(1)} MB resident, ${used.toFixed(1)} MB of heap in use`,
    );
  }
  const [middle, last] = [seen[4]!, seen[9]!];
  const isFlat = last.used - middle.used < 2 && last.resident - middle.resident < 20;
  const ratio = last.rate / seen[1]!.rate;
  console.log(
    `${name}: memory is ${isFlat ? "flat" : "NOT flat"}; speed of the last tenth ${ratio.toFixed(2)} of the second.`,
  );
  return isFlat;
}

if (values.only !== undefined && !(values.only in loops)) {
  console.error(`There is no loop ${values.only}. Known: ${Object.keys(loops).join(", ")}.`);
  process.exit(2);
}
console.log(backendInfo().reason);
for (const [name, loop] of Object.entries(loops)) {
  if (values.only !== undefined && values.only !== name) continue;
  if (!(await loop())) process.exitCode = 1;
}
