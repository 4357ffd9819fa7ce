import { declareFamily } from "./family.ts";
import { pointwise } from "./signatures/pointwise.ts";

declareFamily("pointwise", pointwise);
