import { declareLaws } from "./table.ts";

declareLaws(3);
