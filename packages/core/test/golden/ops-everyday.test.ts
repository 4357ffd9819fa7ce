import { declareFamily } from "./family.ts";
import { everyday } from "./signatures/everyday.ts";

declareFamily("everyday", everyday);
