/**
 * Modules, layers, losses and initialisers.
 *
 * @module
 */
export {};
