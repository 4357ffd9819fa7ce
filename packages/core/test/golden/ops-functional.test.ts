import { declareFamily } from "./family.ts";
import { functional } from "./signatures/functional.ts";

declareFamily("functional", functional);
