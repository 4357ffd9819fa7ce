/**
 * Saving everything that a training run depends on, and going on from it to the bit.
 */
import { ArgumentError, Generator, quoted, Tensor } from "@chainrule/core";
import { checkName, entriesOf } from "../names.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./file.ts";

/** Anything with a state that can be saved: modules, optimizers, schedules, data loaders, and one's own. */
export interface Stateful {
  stateDict(): unknown;
  loadStateDict(state: never): unknown;
}

/**
 * What goes into a checkpoint, by names of one's choice: what has a state, generators, and plain data (numbers, text,
 * tensors, typed arrays, Maps, Sets, arrays and objects of them).
 */
export type CheckpointParts = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/**
 * The bytes of a checkpoint: one safetensors file with the tensors under their paths (`model.fc.weight`), everything else
 * as JSON in its metadata, a version and a checksum.
 *
 * @throws {ArgumentError} naming the path, for what cannot be saved: functions, instances of other classes, cycles.
 * @example
 * import { Generator, randn } from "@chainrule/core";
 * import { loadCheckpoint, saveCheckpoint } from "@chainrule/formats";
 * import { Linear } from "@chainrule/nn";
 * const model = new Linear(3, 2);
 * const generator = new Generator(1);
 * const bytes = saveCheckpoint({ model, generator, epoch: 5 });
 *
 * const [other, itsGenerator] = [new Linear(3, 2), new Generator(2)];
 * const { epoch } = loadCheckpoint(bytes, { model: other, generator: itsGenerator });
 * epoch; // → 5
 * const x = randn([4, 3]);
 * String(other.forward(x)) === String(model.forward(x)); // → true
 * itsGenerator.uniform() === generator.uniform(); // → true
 */
export function saveCheckpoint(parts: CheckpointParts): Uint8Array<ArrayBuffer> {
  const where = "saveCheckpoint";
  const states = entriesOf(where, "parts", parts).map(([name, part]): [string, unknown] => {
    checkName(where, name);
    return [name, isRestorable(part) ? stateOf(part) : part];
  });
  return encodeCheckpoint(where, new Map(states));
}

/**
 * Restores a checkpoint: what has a state among `parts` takes the one saved under the same name. Everything else that the
 * file holds is returned.
 *
 * @throws {ArgumentError} when a part has no state in the file, or one that it does not take. Nothing has changed then.
 * @throws {FormatError} for a file that is damaged, cut off, or no checkpoint.
 * @throws {NewerVersionError} for a checkpoint of a later version.
 */
export function loadCheckpoint(
  bytes: Uint8Array | ArrayBuffer,
  parts: CheckpointParts = {},
): Record<string, unknown> {
  const where = "loadCheckpoint";
  return Object.fromEntries(restore(where, decodeCheckpoint(where, bytes), parts));
}

/** Gives the parts their states, and returns the data that nobody took. */
export function restore(
  where: string,
  data: ReadonlyMap<string, unknown>,
  parts: CheckpointParts,
): Map<string, unknown> {
  const left = new Map(data);
  const wanted = entriesOf(where, "parts", parts).map(([name, part]) => {
    if (!isRestorable(part)) {
      throw new ArgumentError(
        `${where}: ${quoted(name)} is ${quoted(part)}, which has no loadStateDict. Data are returned; leave them out here.`,
        { name },
      );
    }
    left.delete(name);
    return { name, part };
  });
  const missing = wanted.filter(({ name }) => !data.has(name)).map(({ name }) => quoted(name));
  if (missing.length > 0) {
    throw new ArgumentError(
      `${where}: the checkpoint has no state of ${missing.join(", ")}, only of ${[...data.keys()].map(quoted).join(", ")}.`,
      { missing },
    );
  }
  // What took its state before another one refused it gets its own back.
  const before: (() => void)[] = [];
  try {
    for (const { name, part } of wanted) {
      const own = stateOf(part);
      before.push(() => giveState(part, own));
      giveState(part, data.get(name));
    }
  } catch (error) {
    for (const undo of before) undo();
    throw error;
  }
  return left;
}

type Restorable = Stateful | Generator;

function isRestorable(part: unknown): part is Restorable {
  if (part instanceof Generator) return true;
  if (part === null || typeof part !== "object" || part instanceof Tensor) return false;
  return (
    "stateDict" in part &&
    typeof part.stateDict === "function" &&
    "loadStateDict" in part &&
    typeof part.loadStateDict === "function"
  );
}

function stateOf(part: Restorable): unknown {
  return part instanceof Generator ? part.getState() : part.stateDict();
}

function giveState(part: Restorable, state: unknown): void {
  // Whatever is in the file, the part itself checks it.
  if (part instanceof Generator) part.setState(state as ReturnType<Generator["getState"]>);
  else part.loadStateDict(state as never);
}
