/**
 * Property tests draw other cases each time, which is how they find something; but in CI the same commit must always give
 * the same answer.
 */
import fc from "fast-check";

if (process.env.CI) fc.configureGlobal({ seed: 1 });
