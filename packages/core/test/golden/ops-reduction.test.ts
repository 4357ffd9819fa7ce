import { declareFamily } from "./family.ts";
import { reduction } from "./signatures/reduction.ts";

declareFamily("reduction", reduction);
