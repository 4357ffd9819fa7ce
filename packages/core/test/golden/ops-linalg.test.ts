import { declareFamily } from "./family.ts";
import { linalg } from "./signatures/linalg.ts";

declareFamily("linalg", linalg);
