/**
 * Loading tensors from elsewhere into a module: other names, other layouts.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, ChainruleError, checkOptions, formatShape, quoted } from "@chainrule/core";
import type { LoadReport, Module } from "@chainrule/nn";
import type { NamedTensors } from "./names.ts";
import { checkNamedTensors, entriesOf, shown } from "./names.ts";

/** How names of a file become names of a module; see {@link LoadOptions.rename}. */
export type Renaming =
  | ((name: string) => string | null)
  | ReadonlyMap<string, string | null>
  | Readonly<Record<string, string | null>>;

/** Options of {@link loadStateDict}. */
export interface LoadOptions {
  /**
   * The module's names for those of the file: a function, or names in a Map or an object, where a name that ends in a point
   * stands for all that begin with it (`{ "model.": "" }`). Tensors whose new name is `null` are left out; names that are
   * not mentioned stay. PyTorch's spelling needs no renaming: `running_mean` is `runningMean`.
   */
  rename?: Renaming;
  /**
   * Which matrices are stored the other way round, [in, out] instead of [out, in]: their names, as `rename` gives them, or
   * a function of those.
   */
  transpose?: readonly string[] | ((name: string, x: Tensor) => boolean);
  /** Whether every name must be there, and no other; true unless given. */
  strict?: boolean;
}

/**
 * Loads tensors, such as those of a PyTorch or Hugging Face checkpoint, into a module, in place. Numbers take the type of
 * their target.
 *
 * @throws {ArgumentError} listing everything that is missing, not known, or of another shape; when two names become one; for
 * a tensor to be transposed that is no matrix; for unknown options. Nothing has changed then.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { loadStateDict, readSafetensors, writeSafetensors } from "@chainrule/formats";
 * import { Linear } from "@chainrule/nn";
 * const bytes = writeSafetensors({
 *   "transformer.fc.weight": tensor([[1, 2, 3], [4, 5, 6]]), // [in, out]
 *   "transformer.fc.bias": tensor([7, 8, 9]),
 * });
 * const fc = new Linear(2, 3);
 * loadStateDict(fc, readSafetensors(bytes).tensors, {
 *   rename: { "transformer.fc.": "" },
 *   transpose: ["weight"],
 * });
 * fc.weight.toArray(); // → [ [ 1, 4 ], [ 2, 5 ], [ 3, 6 ] ]
 */
export function loadStateDict(
  model: Module,
  tensors: NamedTensors,
  options?: LoadOptions,
): LoadReport {
  const where = "loadStateDict";
  checkOptions(where, options, ["rename", "transpose", "strict"]);
  const { strict = true } = options ?? {};
  if (typeof model?.loadStateDict !== "function") {
    throw new ArgumentError(`${where}: expected a module, not ${quoted(model)}.`);
  }
  const rename = renamingFrom(where, options?.rename);
  const transpose = options?.transpose;
  const isTransposed = transposingFrom(where, transpose);
  /** For each of the module's names, that of the file. */
  const origins = new Map<string, string>();
  const state = new Map<string, Tensor>();
  for (const [from, x] of checkNamedTensors(where, tensors)) {
    const name = rename(from);
    if (name === null) continue;
    const other = origins.get(name);
    if (other !== undefined) {
      throw new ArgumentError(
        `${where}: both ${shown(other)} and ${shown(from)} would become ${shown(name)}. Rename one to null to leave it out.`,
        { name },
      );
    }
    origins.set(name, from);
    const turned = isTransposed(name, x);
    if (turned && x.ndim !== 2) {
      throw new ArgumentError(
        `${where}: ${shown(name)} is to be transposed, but has the shape ${formatShape(x.shape)}; only matrices can.`,
        { name, shape: x.shape },
      );
    }
    state.set(name, turned ? x.detach().t() : x);
  }
  const unknown = typeof transpose === "object" ? transpose.filter((name) => !state.has(name)) : [];
  if (unknown.length > 0) {
    throw new ArgumentError(
      `${where}: there is no ${unknown.map(shown).join(", ")} to be transposed. The names are those that rename gives.`,
      { transpose: unknown },
    );
  }
  try {
    return model.loadStateDict(Object.fromEntries(state), { strict });
  } catch (error) {
    throw error instanceof ChainruleError ? explained(where, error, origins) : error;
  }
}

function renamingFrom(
  where: string,
  renaming: Renaming | undefined,
): (name: string) => string | null {
  if (renaming === undefined) return (name) => name;
  const list = typeof renaming === "function" ? [] : entriesOf(where, "new names", renaming);
  const names = new Map(list);
  const prefixes = list.filter(([name]) => name.endsWith(".") || name === "");
  prefixes.sort(([a], [b]) => b.length - a.length);
  const found = (name: string): unknown => {
    if (typeof renaming === "function") return renaming(name);
    if (names.has(name)) return names.get(name);
    const prefix = prefixes.find(([begin]) => name.startsWith(begin));
    if (prefix === undefined) return name;
    const [begin, instead] = prefix;
    return instead === null ? null : `${instead}${name.slice(begin.length)}`;
  };
  return (name) => {
    const renamed = found(name);
    if (typeof renamed === "string" || renamed === null) return renamed;
    throw new ArgumentError(
      `${where}: the new name of ${shown(name)} must be text, or null to leave it out, not ${quoted(renamed)}.`,
      { name },
    );
  };
}

function transposingFrom(
  where: string,
  transpose: LoadOptions["transpose"],
): (name: string, x: Tensor) => boolean {
  if (transpose === undefined) return () => false;
  if (typeof transpose === "function") return transpose;
  if (!Array.isArray(transpose)) {
    throw new ArgumentError(
      `${where}: transpose must be names of the module or a function, not ${quoted(transpose)}.`,
    );
  }
  const names = new Set(transpose);
  return (name) => names.has(name);
}

/** The module's error, with the names that stand in the file. */
function explained(
  where: string,
  error: ChainruleError,
  origins: ReadonlyMap<string, string>,
): ChainruleError {
  const { unexpected } = error.details;
  if (!Array.isArray(unexpected)) return error;
  const renamed = unexpected
    .map((name: string) => [origins.get(name), name])
    .filter(([from, name]) => from !== name)
    .map(([from, name]) => `${from} → ${name}`);
  if (renamed.length === 0) return error;
  return new ArgumentError(
    `${where}: ${error.message} Renamed were: ${renamed.join(", ")}.`,
    error.details,
  );
}
