import { declareFamily } from "./family.ts";
import { indexing } from "./signatures/indexing.ts";

declareFamily("indexing", indexing);
