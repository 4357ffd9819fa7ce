/** Ops that choose elements by index or mask, and put them back. */
import type { Signatures } from "../signature.ts";

export const indexing: Signatures = {};
