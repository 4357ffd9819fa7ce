/** The signatures of all families. */
import type { Signatures } from "../signature.ts";
import { everyday } from "./everyday.ts";
import { functional } from "./functional.ts";
import { indexing } from "./indexing.ts";
import { linalg } from "./linalg.ts";
import { loss } from "./loss.ts";
import { pointwise } from "./pointwise.ts";
import { reduction } from "./reduction.ts";
import { shape } from "./shape.ts";

/** By family. */
export const families = {
  pointwise,
  reduction,
  shape,
  indexing,
  linalg,
  functional,
  loss,
  everyday,
} satisfies Record<string, Signatures>;

/** All of them by PyTorch's name. */
export const signatures: Signatures = Object.assign({}, ...Object.values(families));
