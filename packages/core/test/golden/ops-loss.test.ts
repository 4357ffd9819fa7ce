import { declareFamily } from "./family.ts";
import { loss } from "./signatures/loss.ts";

declareFamily("loss", loss);
