/** torch.nn.functional without activations and losses: convolutions, pools, norms, attention, … */
import type { Signatures } from "../signature.ts";

export const functional: Signatures = {};
