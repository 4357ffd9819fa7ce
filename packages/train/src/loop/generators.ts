/**
 * Generators that belong to a model.
 */
import { defaultGenerator, Generator } from "@chainrule/core";
import type { Module } from "@chainrule/nn";

/**
 * The generators that the modules of a model hold, among their properties or among their options, as `Dropout` does; in the
 * order of the modules, each once. The default generator is everybody's and not among them.
 */
export function generatorsIn(model: Module): Generator[] {
  const found = new Set<Generator>();
  for (const module of model.modules()) {
    for (const value of Object.values(module)) {
      const isOptions = value !== null && Object.getPrototypeOf(Object(value)) === Object.prototype;
      for (const held of isOptions ? Object.values(value) : [value]) {
        if (held instanceof Generator) found.add(held);
      }
    }
  }
  found.delete(defaultGenerator);
  return [...found];
}
