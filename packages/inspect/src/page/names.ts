/**
 * What tensors are called in a page.
 */
import type { NameSource } from "../trace/names.ts";
import type { PageData } from "./data.ts";

export function namesOf({ names }: PageData): NameSource {
  return { of: ({ node, output }) => names[node - 1]?.[output] ?? `?${node}` };
}
