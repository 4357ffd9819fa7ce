import { declareFamily } from "./family.ts";
import { shape } from "./signatures/shape.ts";

declareFamily("shape", shape);
