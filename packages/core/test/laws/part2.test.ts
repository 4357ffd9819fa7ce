import { declareLaws } from "./table.ts";

declareLaws(1);
