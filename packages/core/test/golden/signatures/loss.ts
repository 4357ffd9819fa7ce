/** Losses. */
import type { Signatures } from "../signature.ts";

export const loss: Signatures = {};
