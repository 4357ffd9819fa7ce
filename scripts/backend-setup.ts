/**
 * Each file of tests begins on the backend that the run is for (CHAINRULE_BACKEND), whatever the file before it, in the same
 * process, has set.
 */
import { type BackendName, setBackend } from "../packages/core/src/index.ts";

setBackend((process.env.CHAINRULE_BACKEND ?? "auto") as BackendName);
