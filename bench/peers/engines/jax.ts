/** The reference workloads on jax-js in WebAssembly; the argument is "eager" or "jit". */
import type { Numbers, Problem } from "../../problems.ts";
import type { Prepared } from "../serve.ts";
import { serve } from "../serve.ts";

const isCompiled = process.argv[2] === "jit";
const start = performance.now();
const jax = await import("@jax-js/jax");
await jax.init("wasm");
jax.defaultDevice("wasm");
const importTime = performance.now() - start;

const { numpy: np, nn, lax } = jax;
type Arrays = InstanceType<typeof np.Array>;
/** Every use of an array takes it over; what is needed again is handed over as `x.ref`. */
type Data = Record<string, Arrays>;
type Loss = (problem: Problem, p: Arrays[], data: Data) => Arrays;

const toArray = ({ shape, data }: Numbers): Arrays =>
  np.array(data as Float32Array<ArrayBuffer>, {
    shape: [...shape],
    dtype: data instanceof Float32Array ? np.float32 : np.int32,
  });

const compiled: typeof jax.jit = ((f: Parameters<typeof jax.jit>[0]) =>
  isCompiled ? jax.jit(f) : f) as typeof jax.jit;

function linear(x: Arrays, w: Arrays, b?: Arrays): Arrays {
  const y = np.matmul(x, np.transpose(w));
  return b === undefined ? y : y.add(b);
}

/** The labels come as one-hot rows. */
function crossEntropy(scores: Arrays, hot: Arrays): Arrays {
  const rows = scores.shape[0]!;
  return nn
    .logSoftmax(scores, -1)
    .mul(hot)
    .sum()
    .mul(-1 / rows);
}

function layerNorm(x: Arrays, weight: Arrays, bias: Arrays): Arrays {
  return nn.standardize(x, -1, { epsilon: 1e-5 }).mul(weight).add(bias);
}

const mlp: Loss = ({ settings }, p, { x, labels }) => {
  let y = x!;
  for (let i = 0; i < p.length; i += 2) y = linear(i === 0 ? y : nn.relu(y), p[i]!, p[i + 1]!);
  if (settings.loss === "hinge") return np.mean(nn.relu(np.subtract(1, labels!.mul(y))));
  return crossEntropy(y, labels!);
};

const cnn: Loss = (_problem, p, { x, labels }) => {
  const block = (y: Arrays, w: Arrays, b: Arrays): Arrays => {
    const convolved = lax.conv(y, w, [1, 1], "SAME").add(b.reshape([1, -1, 1, 1]));
    return lax.reduceWindow(nn.relu(convolved), np.max, [1, 1, 2, 2], [1, 1, 2, 2]);
  };
  const y = block(block(x!, p[0]!, p[1]!), p[2]!, p[3]!);
  return crossEntropy(linear(y.reshape([-1, 784]), p[4]!, p[5]!), labels!);
};

const gpt: Loss = ({ settings }, p, { text, next, mask }) => {
  const { blocks, width, heads, context, vocabulary } = settings as Record<string, number>;
  const size = width! / heads!;
  const split = (x: Arrays): Arrays =>
    np.transpose(x.reshape([-1, context!, heads!, size]), [0, 2, 1, 3]);
  let x = np.matmul(text!, p[0]!).add(p[1]!);
  for (let block = 0; block < blocks!; block++) {
    const w = p.slice(2 + 12 * block, 14 + 12 * block);
    const y = layerNorm(x.ref, w[8]!, w[9]!);
    const [q, k, v] = np.split(linear(y, w[0]!, w[1]!), 3, -1).map(split);
    const scores = np.matmul(q!, np.transpose(k!, [0, 1, 3, 2])).mul(1 / Math.sqrt(size));
    const weights = nn.softmax(scores.add(mask!.ref), -1);
    const heard = np.transpose(np.matmul(weights, v!), [0, 2, 1, 3]);
    x = x.add(linear(heard.reshape([-1, context!, width!]), w[2]!, w[3]!));
    const z = linear(layerNorm(x.ref, w[10]!, w[11]!), w[4]!, w[5]!);
    x = x.add(linear(nn.gelu(z, { approximate: false }), w[6]!, w[7]!));
  }
  mask!.dispose();
  const scores = linear(layerNorm(x, p.at(-3)!, p.at(-2)!), p.at(-1)!);
  return crossEntropy(scores.reshape([-1, vocabulary!]), next!);
};

const lstm: Loss = ({ settings }, p, { x, labels }) => {
  const { layers, width, steps, batch } = settings as Record<string, number>;
  let sequence = np.unstack(x!);
  for (let layer = 0; layer < layers!; layer++) {
    const [wi, wh, bi, bh] = p.slice(4 * layer, 4 * layer + 4) as [Arrays, Arrays, Arrays, Arrays];
    const projected = np.unstack(linear(np.stack(sequence), wi, bi.add(bh)));
    let h: Arrays = np.zeros([batch!, width!]);
    let c: Arrays = np.zeros([batch!, width!]);
    sequence = [];
    for (let t = 0; t < steps!; t++) {
      const gates = projected[t]!.add(linear(h, wh.ref));
      const [i, f, g, o] = np.split(gates, 4, 1) as [Arrays, Arrays, Arrays, Arrays];
      c = nn
        .sigmoid(f)
        .mul(c)
        .add(nn.sigmoid(i).mul(np.tanh(g)));
      h = nn.sigmoid(o).mul(np.tanh(c.ref));
      sequence.push(h.ref);
    }
    wh.dispose();
    c.dispose();
    h.dispose();
  }
  const last = sequence.pop()!;
  for (const unused of sequence) unused.dispose();
  return crossEntropy(linear(last, p.at(-2)!, p.at(-1)!), labels!);
};

const models: Partial<Record<Problem["kind"], Loss>> = { mlp, cnn, gpt, lstm };

/** What the models want instead of whole numbers. */
function prepareData({ kind, settings }: Problem, given: Readonly<Record<string, Numbers>>): Data {
  const data: Data = {};
  for (const [name, numbers] of Object.entries(given)) {
    const array = toArray(numbers);
    const classes = (settings.vocabulary as number | undefined) ?? 10;
    if (numbers.data instanceof Float32Array) data[name] = array;
    else if (name === "next") data[name] = nn.oneHot(array.reshape([-1]), classes);
    else data[name] = nn.oneHot(array, kind === "mlp" ? 0 : classes);
  }
  if (kind === "gpt") {
    const n = settings.context as number;
    data.mask = np.triu(np.full([n, n], -1e9), 1);
  }
  return data;
}

function train(problem: Problem, initial: readonly Numbers[], data: Data): Prepared {
  const loss = models[problem.kind]!;
  const { optimizer, lr } = problem.training!;
  const valueAndGrad = jax.valueAndGrad((p: Arrays[], d: Data) => loss(problem, p, d));
  const adam = compiled(
    (p: Arrays[], m: Arrays[], v: Arrays[], c1: Arrays, c2: Arrays, d: Data) => {
      const [value, gradients] = valueAndGrad(
        p.map((x) => x.ref),
        d,
      );
      const next = { p: [] as Arrays[], m: [] as Arrays[], v: [] as Arrays[] };
      for (const [i, g] of (gradients as Arrays[]).entries()) {
        const first = m[i]!.mul(0.9).add(g.ref.mul(0.1));
        const second = v[i]!.mul(0.999).add(np.square(g).mul(0.001));
        const size = np.sqrt(second.ref.div(c2.ref)).add(1e-8);
        const step = first.ref.div(c1.ref).div(size).mul(lr);
        const decayed = optimizer === "AdamW" ? p[i]!.mul(1 - lr * 0.01) : p[i]!;
        next.p.push(decayed.sub(step));
        next.m.push(first);
        next.v.push(second);
      }
      c1.dispose();
      c2.dispose();
      return [value, next.p, next.m, next.v] as [Arrays, Arrays[], Arrays[], Arrays[]];
    },
  );
  const sgd = compiled((p: Arrays[], d: Data) => {
    const [value, gradients] = valueAndGrad(
      p.map((x) => x.ref),
      d,
    );
    return [value, p.map((x, i) => x.sub((gradients as Arrays[])[i]!.mul(lr)))] as [
      Arrays,
      Arrays[],
    ];
  });
  let p = initial.map(toArray);
  let m = initial.map(({ shape }) => np.zeros([...shape]));
  let v = initial.map(({ shape }) => np.zeros([...shape]));
  let t = 0;
  const step = (): Arrays => {
    let value: Arrays;
    const d = jax.tree.ref(data) as Data;
    if (optimizer === "SGD") {
      [value, p] = sgd(p, d);
    } else {
      t++;
      const corrections = [0.9, 0.999].map((beta) => np.array(1 - beta ** t));
      [value, p, m, v] = adam(p, m, v, corrections[0]!, corrections[1]!, d);
    }
    return value;
  };
  return {
    step: async () => void (await step().data()),
    results: async () => {
      const losses: number[] = [];
      for (let i = 0; i < 5; i++) losses.push((await step().data())[0]!);
      return losses;
    },
  };
}

await serve({ version: "0.1.25", importTime }, (problem, { parameters, data: given }) => {
  if (problem.kind === "chain") {
    const nodes = problem.settings.nodes as number;
    const derivative = compiled(
      jax.grad((x: Arrays) => {
        let y = x;
        for (let i = 0; i < nodes; i += 2) y = y.mul(1.0001).add(0.0001);
        return y;
      }) as (x: Arrays) => Arrays,
    );
    const run = async (): Promise<number> => (await derivative(np.array(1)).data())[0]!;
    return { step: async () => void (await run()), results: async () => [await run()] };
  }
  const data = prepareData(problem, given);
  if (problem.kind === "matmul") {
    const { transposed } = problem.settings;
    const mT = (x: Arrays, name: string): Arrays =>
      transposed === name ? np.matrixTranspose(x) : x;
    const product = compiled((a: Arrays, b: Arrays) => np.matmul(mT(a, "A"), mT(b, "B")));
    const run = (): Arrays => product(data.a!.ref, data.b!.ref);
    return {
      step: async () => {
        const c = await jax.blockUntilReady(run());
        c.dispose();
      },
      results: async () => [(await np.mean(np.square(run())).data())[0]!],
    };
  }
  if (problem.kind === "pointwise") {
    const valueAndGrad = compiled(
      jax.valueAndGrad((x: Arrays) =>
        np.tanh(x.ref.mul(2).add(1)).mul(nn.sigmoid(x)).sum(),
      ) as unknown as (x: Arrays) => [Arrays, Arrays],
    );
    const run = async (): Promise<[Arrays, Arrays]> => {
      const [value, gradient] = valueAndGrad(data.x!.ref);
      return [await jax.blockUntilReady(value), await jax.blockUntilReady(gradient)];
    };
    return {
      step: async () => {
        for (const result of await run()) result.dispose();
      },
      results: async () => {
        const [value, gradient] = await run();
        return [(await value.data())[0]!, (await np.mean(np.square(gradient)).data())[0]!];
      },
    };
  }
  if (problem.kind === "mlp" && problem.settings.loss !== "hinge") {
    const labels = toArray(given.labels!);
    data.labels = nn.oneHot(labels, parameters.at(-1)!.shape[0]!);
  }
  return train(problem, parameters, data);
});
