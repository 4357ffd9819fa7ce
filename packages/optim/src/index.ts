/**
 * Optimizers, learning-rate schedules and gradient clipping.
 *
 * @module
 */
export {};
