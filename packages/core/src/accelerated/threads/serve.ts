/**
 * What a worker does. Made into text, and so without any name from outside.
 */
import type { Memory } from "../scratch.ts";
import type { Layout } from "./layout.ts";

/**
 * Takes parts of jobs and computes them, as thread number `thread` of the team number `epoch`, until there is another
 * team. Modules are compiled from their bytes when they are first called.
 */
export function serve(memory: Memory, epoch: number, thread: number, layout: Layout): void {
  type Run = (...args: number[]) => number | undefined;
  const words = new Int32Array(memory.buffer, 0, layout.words);
  const numbers = new Float64Array(memory.buffer, 0, layout.words / 2);
  const modules: Run[][] = [];
  /**
   * So many milliseconds a worker looks for more work before it goes to sleep. Waking takes 0.05 ms and more, and between two
   * jobs of a training step there is often as much that one thread does.
   */
  const restless = 1;

  // Methods, since bundlers that keep the names of functions mark others with a helper from outside.
  const methods = {
    functionOf(id: number): Run {
      const place = Math.floor(id / layout.functionsInModule);
      let functions = modules[place];
      if (functions === undefined) {
        const address = words[layout.modules + 2 * place]!;
        const length = words[layout.modules + 2 * place + 1]!;
        // The compiler does not take shared bytes.
        const bytes = new Uint8Array(memory.buffer, address, length).slice();
        const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
          env: { memory: memory as WebAssembly.Memory },
        });
        functions = Object.values(instance.exports) as Run[];
        modules[place] = functions;
      }
      return functions[id % layout.functionsInModule]!;
    },
    compute(part: number): void {
      const shift = thread * words[layout.roomBytes]!;
      const end = words[layout.parts + part + 1]!;
      for (let call = words[layout.parts + part]!; call < end; call++) {
        const at = layout.calls + call * layout.callNumbers;
        const flags = numbers[at + 1]!;
        const count = flags & 15;
        const own = flags >> 4;
        const args: number[] = [];
        for (let i = 0; i < count; i++) {
          const value = numbers[at + 2 + i]!;
          args.push((own >> i) & 1 ? value + shift : value);
        }
        const returned = methods.functionOf(numbers[at]!)(...args);
        if (returned) Atomics.or(words, layout.returned, returned);
      }
    },
  };

  if (Atomics.load(words, layout.remaining) >> 16 !== epoch) return;
  Atomics.add(words, layout.ready, 1);
  for (;;) {
    const left = Atomics.load(words, layout.remaining);
    if (left >> 16 !== epoch) return;
    const parts = left & 0xffff;
    if (parts === 0) {
      const until = performance.now() + restless;
      while (Atomics.load(words, layout.remaining) === left && performance.now() < until);
      if (Atomics.load(words, layout.remaining) !== left) continue;
      Atomics.add(words, layout.sleeping, 1);
      Atomics.wait(words, layout.remaining, left);
      Atomics.sub(words, layout.sleeping, 1);
      continue;
    }
    if (Atomics.compareExchange(words, layout.remaining, left, left - 1) !== left) continue;
    try {
      methods.compute(parts - 1);
    } catch (error) {
      const text = String(error).slice(0, layout.mostMessage);
      words[layout.message] = text.length;
      for (let i = 0; i < text.length; i++) words[layout.message + 1 + i] = text.charCodeAt(i);
      Atomics.add(words, layout.failed, 1);
    }
    if (Atomics.sub(words, layout.pending, 1) === 1) Atomics.notify(words, layout.pending);
  }
}
